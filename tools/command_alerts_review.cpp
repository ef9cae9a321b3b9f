#include <spdlog/spdlog.h>

#include <chrono>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_columns.hpp"
#include "pipeline/watch/night_record.hpp"
#include "tools/alert_filter.hpp"
#include "tools/command_alerts.hpp"
#include "tools/common_options.hpp"
#include "tools/register_options.hpp"
#include "tools/signing_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

/// "PW-b, PW-c stand for it": of an alert that is superseded.
std::string heirs_text(const Superseded& superseded) {
  if (superseded.by.empty()) return "none stands for it";
  std::string text;
  for (const std::string& id : superseded.by) text += (text.empty() ? "" : ", ") + id;
  return text + (superseded.by.size() == 1 ? " stands for it" : " stand for it");
}

class AlertsReviewCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description how("How");
    how.add_options()  //
        ("id", po::value<std::string>()->value_name("ID"),
         "of the alert, or the beginning of an id that no other alert has; also the first argument")  //
        ("verdict", po::value<std::string>()->value_name("V"),
         "confirmed_mining, licensed, natural or false; exports have it at once, alerts.geojson from the next run "
         "on")                                                                              //
        ("reviewer", po::value<std::string>()->value_name("NAME"), "who says so")           //
        ("reason", po::value<std::string>()->value_name("TEXT")->default_value(""), "why")  //
        ("at", po::value<std::string>()->value_name("TIME"), "when it was found, not in the future; default: now");
    add_signing_options(how);
    po::options_description all("Options of alerts review");
    all.add(register_options()).add(how);
    return all;
  }

  std::vector<std::string> positional() const override { return {"id"}; }

  void setup(const po::variables_map& values) override {
    target_ = required_register_target(values);
    if (values.count("id") == 0) throw ConfigError("review: ID is missing");
    id_ = values["id"].as<std::string>();
    read_review(values);
    signing_ = read_signing_options(values);
    state_ = state_of_register(values, target_);
    if (values.count("state") == 0 && !state_.empty() && !has_record(state_)) {
      throw ConfigError("review: --state DIR is missing: a review is put on record beside the runs");
    }
  }

  int run() override {
    const RegisterContent content = read_register(target_);
    const Alert& alert = find_alert(content.alerts, id_).alert;
    if (alert.superseded) {
      spdlog::warn("{} is superseded ({}): {}", alert.id, name(alert.superseded->why), heirs_text(*alert.superseded));
    }
    if (review_.reviewed_at < alert.onset_after) {
      spdlog::warn("{}: --at {} is before the ground was last seen undisturbed, {}: recorded all the same", alert.id,
                   format_instant(review_.reviewed_at), format_instant(alert.onset_after));
    }
    if (!state_.empty()) {
      record_review(state_, target_, alert.id, review_, signing_);
    } else {
      prepare_review(target_, alert.id, review_)->commit();
    }
    spdlog::info("{}: {}, by {}", alert.id, name(review_.verdict), review_.reviewer);
    return exit_done;
  }

 private:
  void read_review(const po::variables_map& values) {
    const std::vector<std::string> verdicts = word_list(values, "verdict", verdict_names);
    if (verdicts.size() != 1) throw ConfigError("review: --verdict V is missing, or is several");
    if (values.count("reviewer") == 0) throw ConfigError("review: --reviewer NAME is missing");
    review_.verdict = verdict(verdicts.front());
    review_.reviewer = values["reviewer"].as<std::string>();
    review_.reason = values["reason"].as<std::string>();
    review_.reviewed_at = values.count("at") != 0 ? parse_instant_option(values, "at")
                                                  : std::chrono::floor<std::chrono::seconds>(clock_now());
  }

  std::string target_;
  std::string state_;
  std::string id_;
  Review review_;
  SigningOptions signing_;
};

}  // namespace

const CommandEntry alerts_review_entry{
    "review", "alerts review ID --verdict V --reviewer NAME --state DIR | --register TARGET [options]",
    "records a verdict on an alert",
    []() -> std::unique_ptr<Command> { return std::make_unique<AlertsReviewCommand>(); }};

}  // namespace pitwatch::tools
