// Metrics in Prometheus' text format.
#include "runtime/host/admin.h"

#include <cstdio>

namespace skiff::host {
namespace {

class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name).append(" ");
    text_.append(type).append("\n");
  }
  void value(std::string_view labels, double value, std::string_view suffix = {}) {
    char number[40];
    std::snprintf(number, sizeof number, "%.17g", value);
    text_.append(name_).append(suffix);
    if (!labels.empty()) text_.append("{").append(labels).append("}");
    text_.append(" ").append(number).append("\n");
  }
  void value(std::string_view labels, const std::atomic<uint64_t>& v, std::string_view suffix = {}) {
    value(labels, static_cast<double>(v.load(std::memory_order_relaxed)), suffix);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

std::string label(const App& app) {
  std::string result = "app=\"";
  for (const char c : app.name()) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result += '"';
}

}  // namespace

std::string AdminFront::metrics() const {
  Page page;
  page.family("skiff_connections", "gauge", "Open connections.");
  page.value({}, state_.connections);
  page.family("skiff_connections_accepted_total", "counter", "Connections that were accepted.");
  page.value({}, state_.accepted);
  page.family("skiff_connections_refused_total", "counter", "Connections over the limit.");
  page.value({}, state_.turned_away);
  const RoutesPtr routes = routes_();
  const auto each = [&](auto&& f) {
    for (const AppPtr& app : routes->apps()) f(app->counters(), label(*app));
  };
  page.family("skiff_requests_total", "counter", "Requests that were given to an application.");
  each([&](AppCounters& c, const std::string& app) { page.value(app, c.requests); });
  page.family("skiff_responses_total", "counter", "Answers by class of status.");
  each([&](AppCounters& c, const std::string& app) {
    for (unsigned i = 1; i < 5; ++i) page.value(app + ",class=\"" + std::to_string(i + 1) + "xx\"", c.by_class[i]);
  });
  const auto counter = [&](std::string_view name, std::string_view help, std::atomic<uint64_t> AppCounters::*member) {
    page.family(name, "counter", help);
    each([&](AppCounters& c, const std::string& app) { page.value(app, c.*member); });
  };
  counter("skiff_responses_incomplete_total", "Answers that were cut short.", &AppCounters::incomplete);
  counter("skiff_guest_traps_total", "Guests that ended with a trap.", &AppCounters::traps);
  counter("skiff_guest_timeouts_total", "Guests that were stopped by a time limit.", &AppCounters::timeouts);
  counter("skiff_requests_refused_total", "Requests over the limit of requests at a time.", &AppCounters::refused);
  counter("skiff_response_bytes_total", "Bytes of bodies that were sent.", &AppCounters::sent_bytes);
  page.family("skiff_requests_in_flight", "gauge", "Requests whose guest has not ended.");
  each([&](AppCounters& c, const std::string& app) { page.value(app, c.in_flight); });
  page.family("skiff_guest_seconds_total", "counter", "Time that guests ran.");
  each([&](AppCounters& c, const std::string& app) { page.value(app, static_cast<double>(c.guest_ns.load()) / 1e9); });
  page.family("skiff_request_duration_seconds", "histogram", "From the head of the request to the end of the answer.");
  each([&](AppCounters& c, const std::string& app) {
    uint64_t sum = 0;
    for (size_t i = 0; i < std::size(AppCounters::kBounds); ++i) {
      sum += c.slower[i].load(std::memory_order_relaxed);
      char bound[32];
      std::snprintf(bound, sizeof bound, "%g", static_cast<double>(AppCounters::kBounds[i]) / 1e9);
      page.value(app + ",le=\"" + bound + "\"", static_cast<double>(sum), "_bucket");
    }
    sum += c.slower[std::size(AppCounters::kBounds)].load(std::memory_order_relaxed);
    page.value(app + ",le=\"+Inf\"", static_cast<double>(sum), "_bucket");
    page.value(app, static_cast<double>(c.total_ns.load()) / 1e9, "_sum");
    page.value(app, static_cast<double>(sum), "_count");
  });
  return page.take();
}

void AdminFront::handle(std::shared_ptr<Exchange> exchange) {
  const auto& target = exchange->head.path_with_query;
  std::string_view path = target ? std::string_view(*target) : "/";
  path = path.substr(0, path.find('?'));
  if (path == "/healthz") return exchange->answer(200, "ok");
  if (path == "/readyz") {
    const bool draining = state_.draining.load();
    return exchange->answer(draining ? 503 : 200, draining ? "draining" : "ok");
  }
  if (path != "/metrics") return exchange->answer(404, "known: /metrics, /healthz, /readyz");
  std::string text = metrics();
  if (text.ends_with('\n')) text.pop_back();
  exchange->answer(200, text);
}

}  // namespace skiff::host
