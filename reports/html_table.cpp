// The frame that all tables of the report share.
#include <fmt/format.h>

#include "reports/html_sections.hpp"
#include "reports/text.hpp"

namespace gauntlet {

void open_table(Markup& html, std::string_view caption, const std::vector<Column>& columns) {
  html.open("div", {{"class", "scroll"}, {"tabindex", "0"}}).open("table");
  if (!caption.empty()) html.element("caption", caption);
  html.open("thead").open("tr");
  for (const auto& column : columns)
    html.element("th", column.title, {{"scope", "col"}, {"class", column.number ? "number" : ""}});
  html.close().close().open("tbody");
}

void close_table(Markup& html) {
  html.close().close().close();
}

void number_cell(Markup& html, std::string_view text) {
  html.element("td", text, {{"class", "number"}});
}

void write_cut(Markup& html, std::size_t shown, std::size_t total, std::string_view plural) {
  if (shown >= total) return;
  html.element(
      "p", fmt::format("Showing the first {} of {} {}.", grouped(shown), grouped(total), plural),
      {{"class", "quiet"}});
}

}  // namespace gauntlet
