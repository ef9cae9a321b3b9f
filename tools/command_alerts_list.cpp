#include <spdlog/spdlog.h>

#include <iostream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_exports.hpp"
#include "tools/alert_filter.hpp"
#include "tools/alert_texts.hpp"
#include "tools/command_alerts.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class AlertsListCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description how("How");
    add_as_of_option(how);
    how.add_options()                                     //
        ("json", po::bool_switch(), "JSON, not a table")  //
        ("csv", po::bool_switch(), "CSV, not a table");
    po::options_description all("Options of alerts list");
    all.add(register_options()).add(filter_options()).add(how);
    return all;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    target_ = required_register_target(values);
    as_of_ = read_as_of(values);
    json_ = values["json"].as<bool>();
    csv_ = values["csv"].as<bool>();
    if (json_ && csv_) throw ConfigError("--json or --csv, not both");
    filter_ = read_filter(values, {AlertStatus::superseded, AlertStatus::not_watched});
  }

  int run() override {
    RegisterContent content = read_register(target_);
    if (as_of_) {
      AlertSet then = register_as_of(target_, content, *as_of_);
      content.alerts = std::move(then.alerts);
      warn_of_facts_left_out(then.without_facts, filter_);
    }
    warn_of_unknown(content.alerts, filter_);
    const std::vector<OutlinedAlert> alerts = selected(content.alerts, filter_);
    if (csv_) {
      std::cout << alerts_csv(alerts);
    } else if (json_) {
      nlohmann::ordered_json list = nlohmann::ordered_json::array();
      for (const OutlinedAlert& outlined : alerts) list.push_back(json_of(outlined.alert));
      std::cout << text_of(list);
    } else {
      std::cout << table_text(alerts);
    }
    spdlog::info("{} of {} alerts", alerts.size(), content.alerts.size());
    return exit_done;
  }

 private:
  std::string target_;
  std::optional<Instant> as_of_;
  bool json_ = false;
  bool csv_ = false;
  AlertFilter filter_;
};

}  // namespace

const CommandEntry alerts_list_entry{
    "list", "alerts list --state DIR | --register TARGET [options]", "alerts, as a table, CSV or JSON",
    []() -> std::unique_ptr<Command> { return std::make_unique<AlertsListCommand>(); }};

}  // namespace pitwatch::tools
