#include "tools/notify_texts.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "pipeline/core/safe_text.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace {

std::string instant_text(const std::optional<Instant>& instant) { return instant ? format_instant(*instant) : "-"; }

}  // namespace

void warn_of_unknown_sites(const NotifyReport& report) {
  for (const SubscriptionReport& each : report.subscriptions) {
    for (const std::string& site : each.unknown_sites) {
      spdlog::warn("subscription {}: no alert on record is of a site '{}'", each.id, printable(site));
    }
  }
}

void log_deliveries(const NotifyReport& report, bool since_given) {
  warn_of_unknown_sites(report);
  for (const SubscriptionReport& each : report.subscriptions) {
    if (each.is_first && each.passed_over > 0) {
      // Not swallowed by --quiet: where STATE/delivery was lost, some of these may never have been sent.
      const auto level = since_given ? spdlog::level::info : spdlog::level::err;
      spdlog::log(level,
                  "subscription {}: nothing is known of it in STATE/delivery: sends from now on; {} earlier events "
                  "are passed over{}",
                  each.id, each.passed_over,
                  since_given ? "" : "; were they not sent before, begin it anew by another id with --since DATE");
    } else if (each.is_first) {
      spdlog::info("subscription {}: sends from now on", each.id);
    }
    if (!each.problem.empty()) {
      spdlog::error("subscription {}: {} of {} events are not delivered: {}", each.id, each.waiting.size(),
                    each.waiting.size() + each.delivered, each.problem);
    } else {
      spdlog::info("subscription {}: {} events delivered to {}", each.id, each.delivered, each.target);
    }
  }
}

ExitCode exit_code_of(const NotifyReport& report) {
  if (report.all_delivered()) return exit_done;
  return report.none_reached() ? exit_unavailable : exit_skipped;
}

std::string waiting_table(const NotifyReport& report) {
  TextTable table{{"subscription", "to", "event", "alert", "site", "date"}};
  for (const SubscriptionReport& each : report.subscriptions) {
    for (const NewsLine& line : each.waiting) {
      table.push_back({each.id, printable(each.target), std::string(name(line.kind)), printable(line.alert_id),
                       printable(line.site), format_day(line.at)});
    }
  }
  return aligned(table);
}

std::string standing_table(const NotifyReport& report) {
  TextTable table{{"subscription", "to", "since", "delivered", "last delivery", "waiting", "problem"}};
  for (const SubscriptionReport& each : report.subscriptions) {
    const bool has_begun = each.ledger.has_value();
    const std::string known = has_begun ? each.ledger->problem : "";
    const std::string problem = each.problem.empty() ? known : each.problem;
    table.push_back({each.id, printable(each.target), has_begun ? format_instant(each.ledger->began) : "not begun",
                     has_begun ? std::to_string(each.ledger->delivered) : "0",
                     instant_text(has_begun ? each.ledger->last_delivery : std::nullopt),
                     std::to_string(each.waiting.size()), problem.empty() ? "-" : printable(problem)});
  }
  return aligned(table);
}

std::string deliveries_json(const NotifyReport& report) {
  using nlohmann::ordered_json;
  ordered_json subscriptions = ordered_json::array();
  for (const SubscriptionReport& each : report.subscriptions) {
    ordered_json object{{"id", each.id},
                        {"to", each.target},
                        {"is_first", each.is_first},
                        {"passed_over", each.passed_over},
                        {"delivered", each.delivered},
                        {"problem", each.problem}};
    if (each.ledger) {
      object["began"] = format_instant(each.ledger->began);
      object["delivered_ever"] = each.ledger->delivered;
      object["last_delivery"] = nullptr;
      if (each.ledger->last_delivery) object["last_delivery"] = format_instant(*each.ledger->last_delivery);
      object["known_problem"] = each.ledger->problem;
    }
    object["waiting"] = ordered_json::array();
    for (const NewsLine& line : each.waiting) {
      object["waiting"].push_back(
          {{"alert", line.alert_id}, {"site", line.site}, {"event", name(line.kind)}, {"at", format_instant(line.at)}});
    }
    subscriptions.push_back(std::move(object));
  }
  return ordered_json{{"subscriptions", subscriptions}}.dump(2, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace pitwatch::tools
