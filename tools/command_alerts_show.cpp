#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "tools/alert_filter.hpp"
#include "tools/alert_series.hpp"
#include "tools/alert_texts.hpp"
#include "tools/command_alerts.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

/// Ids of the alerts that merged into one, by way of others too.
std::set<std::string> merged_into(const std::vector<OutlinedAlert>& alerts, const std::string& id) {
  std::multimap<std::string, std::string> parts;
  for (const OutlinedAlert& one : alerts) {
    if (!one.alert.superseded || one.alert.superseded->why != SupersededWhy::merged) continue;
    for (const std::string& by : one.alert.superseded->by) parts.emplace(by, one.alert.id);
  }
  std::set<std::string> reached;
  std::vector<std::string> open{id};
  while (!open.empty()) {
    const auto [first, last] = parts.equal_range(open.back());
    open.pop_back();
    for (auto part = first; part != last; ++part) {
      if (reached.insert(part->second).second) open.push_back(part->second);
    }
  }
  return reached;
}

class AlertsShowCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description how("How");
    how.add_options()  //
        ("id", po::value<std::string>()->value_name("ID"),
         "of the alert, or the beginning of an id that no other alert has; also the first argument");
    add_as_of_option(how);
    how.add_options()  //
        ("series", po::bool_switch(),
         "with what each acquisition since its detection showed of its ground: features, what was expected, deviation, "
         "probability; from the observations that the state keeps with its chips")  //
        ("json", po::bool_switch(), "JSON, not text")                               //
        ("csv", po::bool_switch(), "the series as CSV, and nothing else; with --series");
    po::options_description all("Options of alerts show");
    all.add(register_options()).add(how);
    return all;
  }

  std::vector<std::string> positional() const override { return {"id"}; }

  void setup(const po::variables_map& values) override {
    target_ = required_register_target(values);
    if (values.count("id") == 0) throw ConfigError("show: ID is missing");
    id_ = values["id"].as<std::string>();
    as_of_ = read_as_of(values);
    json_ = values["json"].as<bool>();
    csv_ = values["csv"].as<bool>();
    with_series_ = values["series"].as<bool>();
    if (json_ && csv_) throw ConfigError("--json or --csv, not both");
    if (csv_ && !with_series_) throw ConfigError("show: --csv is of --series");
    if (!with_series_) return;
    state_ = state_of_register(values, target_);
    if (state_.empty()) throw ConfigError("show: --series needs --state DIR: the register holds no observations");
  }

  int run() override {
    RegisterContent content = read_register(target_);
    if (as_of_) {
      const OutlinedAlert today = find_alert(content.alerts, id_);
      content.alerts = register_as_of(target_, content, *as_of_).alerts;
      id_ = today.alert.id;
      const auto is_it = [&](const OutlinedAlert& one) { return one.alert.id == id_; };
      if (std::none_of(content.alerts.begin(), content.alerts.end(), is_it)) refuse_as_of(today.alert);
    }
    std::optional<AlertSeries> series;
    if (with_series_) series = series_of(find_alert(content.alerts, id_));
    if (csv_) {
      std::cout << series_csv(*series);
      return exit_done;
    }
    Dossier dossier{find_alert(content.alerts, id_), {}, {}, {}};
    const Alert& alert = dossier.outlined.alert;
    dossier.events = read_history(target_, alert.id);
    if (as_of_) std::erase_if(dossier.events, [&](const RegisteredEvent& event) { return event.at > *as_of_; });
    const std::set<std::string> parts = merged_into(content.alerts, alert.id);
    for (const RegisteredReview& each : content.reviews) {
      Review by_overlap = each.review;
      by_overlap.by_overlap = true;
      if (each.alert_id == alert.id || alert.review == by_overlap || parts.contains(each.alert_id)) {
        dossier.reviews.push_back(each);
      }
    }
    if (!as_of_) dossier.facts = read_facts(target_, alert.id);
    if (json_) {
      nlohmann::ordered_json document = json_of(dossier);
      if (series) document["series"] = series_json(*series);
      std::cout << text_of(document);
    } else {
      std::cout << text_of(dossier) << (series ? "\nseries\n" + series_text(*series) : "");
    }
    return exit_done;
  }

 private:
  /// An alert that there was not at that date.
  [[noreturn]] void refuse_as_of(const Alert& alert) const {
    if (alert.first_detected > *as_of_) {
      throw ConfigError("alert '" + alert.id + "' was first detected on " + format_instant(alert.first_detected) +
                        ", later than --as-of " + format_instant(*as_of_));
    }
    throw ConfigError("alert '" + alert.id + "' is superseded, and others stood for its ground at --as-of " +
                      format_instant(*as_of_));
  }

  AlertSeries series_of(const OutlinedAlert& outlined) const {
    const Alert& alert = outlined.alert;
    const std::string site = alert.site.value_or("");
    AlertSeries series{chips_folder(state_, site, alert.id) + "/" + observations_name,
                       read_observations(state_, site, alert.id)};
    if (series.rows.empty()) {
      constexpr int decimals = 6;
      const LonLat place = place_inside(outlined.outline);
      throw DataError(series.path + ": is not there: no observations are kept of " + alert.id +
                      "; its pixel is read from the scenes by pitwatch inspect --state " + state_ + " --at " +
                      fixed_text(place.lon, decimals) + "," + fixed_text(place.lat, decimals) +
                      " --sites FILE --source SOURCE");
    }
    if (as_of_) std::erase_if(series.rows, [&](const ObservedAlert& row) { return row.acquired > *as_of_; });
    return series;
  }

  std::string target_;
  std::string id_;
  std::optional<Instant> as_of_;
  bool json_ = false;
  bool csv_ = false;
  bool with_series_ = false;
  std::string state_;  // of a series
};

}  // namespace

const CommandEntry alerts_show_entry{
    "show", "alerts show ID --state DIR | --register TARGET [options]",
    "one alert, with its history, its reviews and what layers say of it",
    []() -> std::unique_ptr<Command> { return std::make_unique<AlertsShowCommand>(); }};

}  // namespace pitwatch::tools
