// Writes HTML, SVG and XML that is well-formed and escaped by construction: text and attribute
// values always pass html_escape, and elements close in the order in which they opened. Only `raw`
// takes text as it is, for our own assets and for what another Markup wrote.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gauntlet {

class Markup {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Opens an element; an attribute whose value is empty is left out.
  Markup& open(std::string_view tag, Attributes attributes = {});
  Markup& close();
  Markup& text(std::string_view text);
  /// An element that holds nothing.
  Markup& leaf(std::string_view tag, Attributes attributes = {});
  /// An element that holds one text.
  Markup& element(std::string_view tag, std::string_view text, Attributes attributes = {});
  Markup& raw(std::string_view trusted);

  /// The document; requires that all elements are closed.
  std::string take();

 private:
  void begin(std::string_view tag, Attributes attributes);

  std::string out_;
  std::vector<std::string> open_;
};

/// A number as an attribute of SVG takes it: one decimal at most.
std::string svg_number(double number);

}  // namespace gauntlet
