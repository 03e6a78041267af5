// What is known of each consistency model that the checker judged by.
#include <fmt/format.h>

#include "reports/glossary.hpp"
#include "reports/html_sections.hpp"
#include "reports/wording.hpp"

namespace gauntlet {

bool has_models(const ReportContext& context) {
  return !context.verdict.models.empty();
}

void write_models(Markup& html, const ReportContext& context) {
  html.open("section", {{"id", "models"}});
  html.element("h2", "Consistency models");
  open_table(html, "Each model that was judged, the strongest first",
             {{"model"}, {"holds"}, {"broken by, or why it is unknown"}, {"promise"}});
  const auto& models = context.verdict.models;
  for (auto model = models.rbegin(); model != models.rend(); ++model) {
    const bool holds = model->validity == Validity::valid;
    const bool fails = model->validity == Validity::invalid;
    html.open("tr");
    html.element("td", model->name, {{"class", "code"}});
    html.element("td",
                 holds   ? "✓ holds"
                 : fails ? "✗ broken"
                         : "? unknown",
                 {{"class", holds   ? "good"
                            : fails ? "bad"
                                    : "doubtful"}});
    const bool is_open = !holds && model->why.empty();
    html.element("td", is_open ? "not looked at" : model->why, {{"class", "wrap"}});
    html.element("td", promise_of(model->name, context.verdict.model), {{"class", "wrap quiet"}});
    html.close();
  }
  close_table(html);
  html.close();
}

}  // namespace gauntlet
