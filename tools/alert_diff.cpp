#include "tools/alert_diff.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "pipeline/core/safe_text.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace {

using nlohmann::ordered_json;

constexpr double least_change_ha = 0.01;

constexpr std::array<std::string_view, 7> kind_names{"appeared", "went",         "came_and_went", "grew",
                                                     "shrank",   "reclassified", "status"};

bool stands(const Alert& alert) {
  return alert.status != AlertStatus::superseded && alert.status != AlertStatus::not_watched;
}

/// How natural an alert of a set may be. A file does not say with which limit it was written: it has what run has by
/// default, or what it is seen to have.
double most_natural(const AlertSet& set) {
  double most = set.is_register ? 1 : default_max_natural;
  for (const OutlinedAlert& outlined : set.alerts) {
    const Alert& alert = outlined.alert;
    if (is_left_out(alert, most)) most = alert.natural_probability.value_or(1);
  }
  return most;
}

class Comparison {
 public:
  Comparison(const AlertSet& first, const AlertSet& second, const RegisterContent* record)
      : first_(first), second_(second) {
    if (record == nullptr) return;
    for (const OutlinedAlert& outlined : record->alerts) recorded_.emplace(outlined.alert.id, &outlined.alert);
  }

  std::vector<AlertChange> run() {
    struct Both {
      const Alert* before = nullptr;
      const Alert* after = nullptr;
    };
    std::map<std::string, Both> by_id;
    for (const OutlinedAlert& outlined : first_.alerts) by_id[outlined.alert.id].before = &outlined.alert;
    for (const OutlinedAlert& outlined : second_.alerts) by_id[outlined.alert.id].after = &outlined.alert;
    const double most_before = most_natural(first_);
    const double most_after = most_natural(second_);
    for (const auto& [id, both] : by_id) {
      if (both.before != nullptr && both.after != nullptr) {
        compare(*both.before, *both.after);
      } else if (both.after != nullptr) {
        if (!is_left_out(*both.after, most_before)) only_after(*both.after);
      } else if (!is_left_out(*both.before, most_after)) {
        only_before(*both.before);
      }
    }
    std::stable_sort(changes_.begin(), changes_.end(), [](const AlertChange& a, const AlertChange& b) {
      const Alert& x = a.after != nullptr ? *a.after : *a.before;
      const Alert& y = b.after != nullptr ? *b.after : *b.before;
      return std::tie(x.site, x.first_detected, x.id) < std::tie(y.site, y.first_detected, y.id);
    });
    return std::move(changes_);
  }

 private:
  void add(AlertChangeKind kind, const Alert* before, const Alert* after, std::string why = {},
           std::vector<std::string> by = {}) {
    changes_.push_back({kind, before, after, std::move(why), std::move(by)});
  }

  void add_gone(AlertChangeKind kind, const Alert* before, const Alert* after, const Alert& gone) {
    if (gone.superseded) {
      add(kind, before, after, std::string(pitwatch::name(gone.superseded->why)), gone.superseded->by);
    } else {
      add(kind, before, after, std::string(pitwatch::name(gone.status)));
    }
  }

  void compare(const Alert& before, const Alert& after) {
    if (stands(before) && !stands(after)) {
      add_gone(AlertChangeKind::went, &before, &after, after);
      return;
    }
    if (!stands(before) && stands(after)) {
      add(AlertChangeKind::appeared, &before, &after,
          before.status == AlertStatus::not_watched ? "watched_again" : "stands_again");
      return;
    }
    const double change_ha = after.area_ha - before.area_ha;
    const double least_ha = std::max({least_change_ha, before.area_uncertainty_ha, after.area_uncertainty_ha});
    if (std::abs(change_ha) > least_ha) {
      add(change_ha > 0 ? AlertChangeKind::grew : AlertChangeKind::shrank, &before, &after);
    }
    if (before.change_class != after.change_class) add(AlertChangeKind::reclassified, &before, &after);
    if (before.status != after.status) add(AlertChangeKind::status, &before, &after);
  }

  void only_after(const Alert& after) {
    if (!stands(after)) {
      add_gone(AlertChangeKind::came_and_went, nullptr, &after, after);
      return;
    }
    add(AlertChangeKind::appeared, nullptr, &after);
  }

  void only_before(const Alert& before) {
    if (!stands(before)) return;
    const auto found = recorded_.find(before.id);
    const Alert* const recorded = found == recorded_.end() ? nullptr : found->second;
    if (second_.as_of && before.first_detected > *second_.as_of) {
      add(AlertChangeKind::went, &before, nullptr, "not_yet");
    } else if (recorded != nullptr && !stands(*recorded)) {
      add_gone(AlertChangeKind::went, &before, nullptr, *recorded);
    } else if (recorded != nullptr && is_left_out(*recorded, most_natural(second_))) {
      add(AlertChangeKind::went, &before, nullptr, "natural");
    } else {
      add(AlertChangeKind::went, &before, nullptr, "unknown");
    }
  }

  const AlertSet& first_;
  const AlertSet& second_;
  std::unordered_map<std::string, const Alert*> recorded_;
  std::vector<AlertChange> changes_;
};

const Alert& newest(const AlertChange& change) { return change.after != nullptr ? *change.after : *change.before; }

std::string joined(const std::vector<std::string>& texts) {
  std::string result;
  for (const std::string& text : texts) result += (result.empty() ? "" : " ") + text;
  return result;
}

/// What of an alert the change is about.
std::string told(const Alert* alert, AlertChangeKind kind) {
  if (alert == nullptr) return "-";
  const std::string area = fmt::format("{:.2f} ha", alert->area_ha);
  switch (kind) {
    case AlertChangeKind::grew:
    case AlertChangeKind::shrank:
      return area;
    case AlertChangeKind::reclassified:
      return std::string(pitwatch::name(alert->change_class));
    case AlertChangeKind::status:
      return std::string(pitwatch::name(alert->status));
    case AlertChangeKind::appeared:
    case AlertChangeKind::went:
    case AlertChangeKind::came_and_went:
      break;
  }
  return std::string(pitwatch::name(alert->status)) + " " + std::string(pitwatch::name(alert->change_class)) + " " +
         area;
}

ordered_json json_of(const Alert* alert) {
  if (alert == nullptr) return nullptr;
  return {{"status", pitwatch::name(alert->status)},
          {"class", pitwatch::name(alert->change_class)},
          {"area_ha", alert->area_ha}};
}

std::string csv_of(const Alert* alert) {
  if (alert == nullptr) return ",,";
  return std::string(pitwatch::name(alert->status)) + "," + std::string(pitwatch::name(alert->change_class)) + "," +
         fmt::format("{:.4f}", alert->area_ha);
}

}  // namespace

std::string_view name(AlertChangeKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::vector<AlertChange> alert_changes(const AlertSet& first, const AlertSet& second, const RegisterContent* record) {
  return Comparison(first, second, record).run();
}

std::string changes_text(const std::vector<AlertChange>& changes) {
  TextTable table{{"id", "site", "change", "before", "after", "why"}};
  for (const AlertChange& change : changes) {
    const Alert& alert = newest(change);
    const std::string by = change.by.empty() ? "" : " by " + joined(change.by);
    table.push_back({alert.id, alert.site.value_or("-"), std::string(name(change.kind)),
                     told(change.before, change.kind), told(change.after, change.kind), change.why + by});
  }
  return aligned(table);
}

std::string changes_json(const std::vector<AlertChange>& changes) {
  ordered_json list = ordered_json::array();
  for (const AlertChange& change : changes) {
    const Alert& alert = newest(change);
    list.push_back({{"id", alert.id},
                    {"site", alert.site ? ordered_json(*alert.site) : ordered_json()},
                    {"change", name(change.kind)},
                    {"before", json_of(change.before)},
                    {"after", json_of(change.after)},
                    {"why", change.why.empty() ? ordered_json() : ordered_json(change.why)},
                    {"by", change.by}});
  }
  return list.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string changes_csv(const std::vector<AlertChange>& changes) {
  std::string text =
      "id,site,change,status_before,class_before,area_ha_before,status_after,class_after,area_ha_after,why,by\r\n";
  for (const AlertChange& change : changes) {
    const Alert& alert = newest(change);
    text += csv_cell(alert.id) + "," + csv_cell(alert.site.value_or("")) + "," + std::string(name(change.kind)) + "," +
            csv_of(change.before) + "," + csv_of(change.after) + "," + change.why + "," + csv_cell(joined(change.by)) +
            "\r\n";
  }
  return text;
}

}  // namespace pitwatch::tools
