// The report in a real browser: what the script draws, how it answers, and that nothing else runs.
#include "tests/reports/browser.hpp"

#include <doctest/doctest.h>

#include "tests/reports/cycle_sample.hpp"
#include "tests/reports/hostile.hpp"
#include "tests/reports/sample.hpp"

namespace gauntlet {

namespace {

std::size_t occurrences(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

/// The report on a history with an unknown verdict and nothing besides.
std::string bare_report(History history) {
  REQUIRE(history.pair().has_value());
  const Verdict verdict;
  ReportInput input;
  input.history = &history;
  input.verdict = &verdict;
  return html_report(input);
}

/// The page without its content policy and with a script of the test at its end, which acts as a
/// reader and leaves what it saw in the page: `say(name, text)` adds "name=[text]".
std::string driven(std::string html, const std::string& script) {
  const std::size_t policy = html.find("<meta http-equiv");
  html.erase(policy, html.find("/>", policy) + 2 - policy);
  // Where time is virtual, the browser draws no frames once the page is there.
  html.insert(policy, "<script>window.requestAnimationFrame = (f) => setTimeout(f, 16);</script>");
  const std::string helpers =
      "const say = (name, text) => document.body.append(name + '=[' + text + ']\\n');"
      "const view = document.getElementById('timeline-view');"
      "const rows = view.querySelector('canvas.rows');"
      "const press = (key) => rows.dispatchEvent(new KeyboardEvent('keydown', {key}));"
      "const at = (type, x, y, more) => rows.dispatchEvent(new PointerEvent(type,"
      "  {clientX: rows.getBoundingClientRect().left + x,"
      "   clientY: rows.getBoundingClientRect().top + y, pointerId: 1, bubbles: true, ...more}));"
      "const frame = () => new Promise((done) => setTimeout(done, 100));"
      "const status = () => view.querySelector('.status').textContent;";
  html.insert(html.rfind("</body>"), "<script>" + helpers + "setTimeout(async () => {try {" +
                                         script +
                                         "} catch (e) { say('error', e.stack); }}, 300);</script>");
  return html;
}

std::string said(const BrowserPage& page, const std::string& name) {
  // The last occurrence: the test's script stands in the page too.
  const std::size_t at = page.dom.rfind("\n" + name + "=[");
  const std::size_t first = at == std::string::npos ? page.dom.rfind(name + "=[") : at + 1;
  if (first == std::string::npos) return "(not said)";
  const std::size_t from = first + name.size() + 2;
  return page.dom.substr(from, page.dom.find("]\n", from) - from);
}

}  // namespace

TEST_CASE("the script draws the timeline and the charts, without an error") {
  if (!browser_available()) return;
  const Sample sample;
  const BrowserPage page = open_in_browser("invalid.html", html_report(sample.input));
  CHECK(page.console == "");
  CHECK(page.dom.find("class=\"scripted\"") != std::string::npos);
  CHECK(occurrences(page.dom, "<canvas") == 2);
  CHECK(occurrences(page.dom, "class=\"chart\"") == 2);
  CHECK(occurrences(page.dom, "class=\"area ok\"") == 2);  // the area and its key
  CHECK(page.dom.find("class=\"line p95\"") != std::string::npos);
  CHECK(page.dom.find(">node n3</option>") != std::string::npos);
  CHECK(page.dom.find(">key 2</option>") != std::string::npos);
  CHECK(page.dom.find(">function cas</option>") != std::string::npos);
  CHECK(page.dom.find(">✗ stale read on key ") != std::string::npos);
  const std::string total = std::to_string(sample.verdict.operations);
  const std::string grouped = total.substr(0, 1) + "," + total.substr(1);
  CHECK(page.dom.find(grouped + " of " + grouped + " operations") != std::string::npos);
}

TEST_CASE("a link to an operation opens the timeline there") {
  if (!browser_available()) return;
  const Sample sample;
  const EventIndex read = sample.stale[2];
  const BrowserPage page =
      open_in_browser("link.html", html_report(sample.input), "#op-" + std::to_string(read));
  CHECK(page.console == "");
  const std::size_t detail = page.dom.find("class=\"detail\"");
  REQUIRE(detail != std::string::npos);
  const std::string text = page.dom.substr(detail, 1500);
  CHECK(text.find("<h3>read → ") != std::string::npos);
  CHECK(text.find("<dd>" + std::to_string(sample.history.process(read)) + "</dd>") !=
        std::string::npos);
  CHECK(text.find("<dd>n1</dd>") != std::string::npos);
}

TEST_CASE("the timeline answers keys, pointer, filters and buttons") {
  if (!browser_available()) return;
  const Sample sample;
  const std::string html = driven(html_report(sample.input), R"js(
    await frame();
    say('start', status());
    press('+'); await frame(); say('zoomed', status());
    press('ArrowRight'); await frame(); say('panned', status());
    press(']'); await frame(); say('stepped', view.querySelector('.detail h3').textContent);
    press('0'); await frame(); say('whole', status());
    const [byRow, byKey, byFunction, byOutcome] = view.querySelectorAll('select');
    const choose = (select, text) => {
      select.value = [...select.options].find((option) => option.textContent === text).value;
      select.dispatchEvent(new Event('change'));
    };
    choose(byFunction, 'function cas'); await frame(); say('cas', status());
    choose(byOutcome, 'fail'); await frame(); say('casfail', status());
    choose(byFunction, 'all functions'); choose(byOutcome, 'all outcomes');
    const height = rows.getBoundingClientRect().height;
    choose(byRow, 'node n1'); await frame();
    say('node', status()); say('height', rows.getBoundingClientRect().height !== height);
    choose(byRow, 'all processes');
    document.querySelector('button[data-anomaly]').click(); await frame();
    say('anomaly', view.querySelector('.detail h3').textContent);
    say('window', status());
    let tip = view.querySelector('.tooltip');
    for (let y = 5; y < 400 && tip.hidden; y += 5) {
      for (let x = 110; x < 1200 && tip.hidden; x += 3) at('pointermove', x, y);
    }
    say('tip', tip.textContent.length > 20);
    at('pointerleave', 0, 0); say('gone', tip.hidden);
    const chart = document.querySelector('.chart');
    const box = chart.getBoundingClientRect();
    chart.dispatchEvent(new PointerEvent('pointermove',
        {clientX: box.left + box.width / 2, clientY: box.top + 50}));
    say('readout', document.querySelector('.readout').textContent);
  )js");
  const BrowserPage page = open_in_browser("driven.html", html);
  CHECK(page.console == "");
  CHECK(said(page, "error") == "(not said)");
  const std::string start = said(page, "start");
  CHECK(start.find("0.00 s to 59.9") == 0);
  CHECK(said(page, "zoomed") != start);
  CHECK(said(page, "zoomed").find("15.0") == 0);
  CHECK(said(page, "panned").find("19.5") == 0);
  CHECK(said(page, "stepped").find_first_of("rwc") == 0);
  CHECK(said(page, "whole") == start);
  CHECK(said(page, "cas") != start);
  CHECK(said(page, "casfail") != said(page, "cas"));
  CHECK(said(page, "node") != start);
  CHECK(said(page, "anomaly").find("read → ") == 0);
  CHECK(said(page, "window") != start);
  CHECK(said(page, "tip") == "true");
  CHECK(said(page, "gone") == "true");
  CHECK(said(page, "readout").find("ok ") != std::string::npos);
  CHECK(said(page, "readout").find("latency p50") != std::string::npos);
}

TEST_CASE("the graph of a cycle leads to its reasons and to the timeline") {
  if (!browser_available()) return;
  const WriteSkew sample;
  const BrowserPage plain = open_in_browser("cycle.html", html_report(sample.input));
  CHECK(plain.console == "");
  const std::string html = driven(html_report(sample.input), R"js(
    await frame();
    const graph = document.querySelector('svg.graph');
    const box = graph.querySelector('.box').getBoundingClientRect();
    const frameBox = graph.getBoundingClientRect();
    say('inside', box.left > frameBox.left && box.right < frameBox.right && box.height > 20);
    say('styled', getComputedStyle(graph.querySelector('.edge.cycle path')).stroke);
    graph.querySelector('.edge').dispatchEvent(new MouseEvent('click', {bubbles: true}));
    await frame();
    say('reason', document.querySelector('li:target').textContent);
    document.querySelector('li:target a.kind').click(); await frame();
    say('arrow', document.querySelector('.edge:target') !== null);
    graph.querySelector('.vertex').dispatchEvent(new MouseEvent('click', {bubbles: true}));
    await frame();
    say('operation', view.querySelector('.detail h3').textContent);
  )js");
  const BrowserPage page = open_in_browser("cycle_driven.html", html);
  CHECK(page.console == "");
  CHECK(said(page, "error") == "(not said)");
  CHECK(said(page, "inside") == "true");
  CHECK(said(page, "styled").find("rgb(") == 0);
  CHECK(said(page, "reason").find("so T") != std::string::npos);
  CHECK(said(page, "arrow") == "true");
  CHECK(said(page, "operation").find("txn") == 0);
}

TEST_CASE("nothing that a value holds runs, even where it would stand in the page as markup") {
  if (!browser_available()) return;
  for (const auto& text : hostile_texts()) {
    if (text.size() > 1000) continue;
    Sample sample;
    sample.input.title = text;
    sample.verdict.anomalies[0].name = text;
    sample.verdict.anomalies[0].explanation = {text};
    std::string html = html_report(sample.input);
    const BrowserPage page = open_in_browser("hostile.html", html);
    CAPTURE(text);
    CHECK(page.console == "");
    CHECK(page.dom.find("<img") == std::string::npos);
    CHECK(occurrences(page.dom, "<canvas") == 2);
  }
  // Were something to slip through all the same, the page's content policy stops it.
  const Sample sample;
  std::string html = html_report(sample.input);
  html.insert(html.rfind("</body>"),
              "<script>document.title = 'taken'</script>"
              "<img src='file:///x.png' onerror='document.title=1'>");
  const BrowserPage page = open_in_browser("slipped.html", html);
  CHECK(page.console.find("Content Security Policy") != std::string::npos);
  CHECK(page.dom.find("<title>INVALID: etcd register</title>") != std::string::npos);
}

TEST_CASE("a history without times, keys and nodes is drawn by its order") {
  if (!browser_available()) return;
  History history;
  for (const auto& [type, value] : {std::pair{OperationType::invoke, Value(1)},
                                    {OperationType::ok, Value(1)},
                                    {OperationType::invoke, Value(2)},
                                    {OperationType::info, Value(2)}}) {
    Operation op;
    op.type = type;
    op.f = "write";
    op.value = value;
    history.append(op);
  }
  const BrowserPage page = open_in_browser("bare.html", bare_report(std::move(history)));
  CHECK(page.console == "");
  CHECK(page.dom.find("</select>null") == std::string::npos);
  CHECK(page.dom.find("all keys</option>") == std::string::npos);
  CHECK(page.dom.find("event 0 to event 3: 2 of 2 operations") != std::string::npos);
  CHECK(page.dom.find("id=\"rates\"") == std::string::npos);
}

TEST_CASE("a large history and an empty one open without an error") {
  if (!browser_available()) return;
  SampleOptions options;
  options.length_ns = 630 * nanos_per_second;
  options.processes = 40;
  options.pause_ns = 70 * nanos_per_millisecond;
  const Sample large(options);
  const BrowserPage page = open_in_browser("large.html", html_report(large.input));
  CHECK(page.console == "");
  CHECK(page.dom.find("The page holds 20,000 of the run's") != std::string::npos);

  const BrowserPage empty = open_in_browser("empty.html", bare_report(History()));
  CHECK(empty.console == "");
  CHECK(empty.dom.find("The history holds no operation of a client.") != std::string::npos);
}

}  // namespace gauntlet
