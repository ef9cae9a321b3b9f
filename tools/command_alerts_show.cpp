#include <algorithm>
#include <iostream>

#include "pipeline/core/error.hpp"
#include "tools/alert_filter.hpp"
#include "tools/alert_texts.hpp"
#include "tools/command_alerts.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class AlertsShowCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description how("How");
    how.add_options()  //
        ("id", po::value<std::string>()->value_name("ID"),
         "of the alert, or the beginning of an id that no other alert has; also the first argument");
    add_as_of_option(how);
    how.add_options()("json", po::bool_switch(), "JSON, not text");
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
  }

  int run() override {
    RegisterContent content = read_register(target_);
    if (as_of_) content.alerts = register_as_of(target_, content, *as_of_).alerts;
    Dossier dossier{find_alert(content.alerts, id_), {}, {}, {}};
    const Alert& alert = dossier.outlined.alert;
    dossier.events = read_history(target_, alert.id);
    if (as_of_) std::erase_if(dossier.events, [&](const RegisteredEvent& event) { return event.at > *as_of_; });
    for (const RegisteredReview& each : content.reviews) {
      Review by_overlap = each.review;
      by_overlap.by_overlap = true;
      if (each.alert_id == alert.id || alert.review == by_overlap) dossier.reviews.push_back(each);
    }
    if (!as_of_) dossier.facts = read_facts(target_, alert.id);
    std::cout << (json_ ? text_of(json_of(dossier)) : text_of(dossier));
    return exit_done;
  }

 private:
  std::string target_;
  std::string id_;
  std::optional<Instant> as_of_;
  bool json_ = false;
};

}  // namespace

const CommandEntry alerts_show_entry{
    "show", "alerts show ID --state DIR | --register TARGET [options]",
    "one alert, with its history, its reviews and what layers say of it",
    []() -> std::unique_ptr<Command> { return std::make_unique<AlertsShowCommand>(); }};

}  // namespace pitwatch::tools
