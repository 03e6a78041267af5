#include "reports/markup.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/assert.hpp"
#include "reports/text.hpp"

namespace gauntlet {

void Markup::begin(std::string_view tag, Attributes attributes) {
  out_ += '<';
  out_ += tag;
  for (const auto& [name, value] : attributes) {
    if (value.empty()) continue;
    out_ += ' ';
    out_ += name;
    out_ += "=\"";
    out_ += html_escape(value);
    out_ += '"';
  }
}

Markup& Markup::open(std::string_view tag, Attributes attributes) {
  begin(tag, attributes);
  out_ += '>';
  open_.emplace_back(tag);
  return *this;
}

Markup& Markup::close() {
  GAUNTLET_ASSERT(!open_.empty());
  out_ += "</";
  out_ += open_.back();
  out_ += '>';
  open_.pop_back();
  return *this;
}

Markup& Markup::text(std::string_view text) {
  out_ += html_escape(text);
  return *this;
}

Markup& Markup::leaf(std::string_view tag, Attributes attributes) {
  begin(tag, attributes);
  out_ += "/>";
  return *this;
}

Markup& Markup::element(std::string_view tag, std::string_view text, Attributes attributes) {
  return open(tag, attributes).text(text).close();
}

Markup& Markup::raw(std::string_view trusted) {
  out_ += trusted;
  return *this;
}

std::string Markup::take() {
  GAUNTLET_ASSERT(open_.empty());
  return std::move(out_);
}

std::string svg_number(double number) {
  GAUNTLET_ASSERT(std::isfinite(number));
  const double rounded = std::round(number * 10) / 10;
  return fmt::format("{:g}", rounded == 0 ? 0.0 : rounded);
}

}  // namespace gauntlet
