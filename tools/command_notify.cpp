#include "tools/command_notify.hpp"

#include <spdlog/spdlog.h>

#include <iostream>

#include "pipeline/core/error.hpp"
#include "pipeline/delivery/notify.hpp"
#include "tools/common_options.hpp"
#include "tools/monitor_options.hpp"
#include "tools/notify_texts.hpp"
#include "tools/register_options.hpp"
#include "tools/source_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

constexpr int timeout_s = 20;
constexpr int deadline_s = 60;

class NotifyCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of notify");
    description.add_options()  //
        ("state", po::value<std::string>()->value_name("DIR"),
         "folder of the nightly run; its delivery/ remembers what was sent")  //
        ("subscriptions", po::value<std::string>()->value_name("FILE"),
         "JSON: who is sent what, and where (subscriptions.schema.json, below share/pitwatch or pipeline/delivery)")  //
        ("register", po::value<std::string>()->value_name("TARGET"),
         "the state's register: a GeoPackage, or a database such as PG:dbname=...; default: STATE/register.gpkg")  //
        ("since", po::value<std::string>()->value_name("DATE"),
         "what was recorded before is not sent, now or later; without it, the first look at a subscription passes over "
         "all that there is")                                                                                    //
        ("dry-run", po::bool_switch(), "list what would be sent; send and write nothing")                        //
        ("list", po::bool_switch(), "list subscriptions, what each was sent, what waits and why; send nothing")  //
        ("json", po::bool_switch(), "print JSON, not tables");
    po::options_description network("The network");
    add_delivery_network_options(network, timeout_s, deadline_s);
    description.add(network);
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    options_.state = required_option(values, "state", "--state DIR", "notify");
    options_.subscriptions = required_option(values, "subscriptions", "--subscriptions FILE", "notify");
    options_.register_target = register_target(values);
    options_.since = parse_period_begin(values, "since");
    options_.dry_run = values["dry-run"].as<bool>();
    lists_ = values["list"].as<bool>();
    as_json_ = values["json"].as<bool>();
    const NetworkOptions network = read_network_options(values);
    options_.http = network.http;
    options_.remote = network.remote;
  }

  int run() override {
    const NotifyReport report = lists_ ? standing(options_) : notify(options_);
    if (as_json_) {
      std::cout << deliveries_json(report);
    } else if (lists_) {
      std::cout << standing_table(report);
    } else if (options_.dry_run) {
      std::cout << waiting_table(report);
    }
    if (lists_ || options_.dry_run) {
      warn_of_begun(report);
      warn_of_unknown_sites(report);
      for (const SubscriptionReport& each : report.subscriptions) {
        if (!each.problem.empty()) spdlog::error("subscription {}: {}", each.id, each.problem);
        if (each.is_first) {
          spdlog::info("subscription {}: has not begun; {} events would be passed over", each.id, each.passed_over);
        }
      }
      return report.all_delivered() ? exit_done : exit_skipped;
    }
    warn_of_begun(report);
    log_deliveries(report, options_.since.has_value());
    return exit_code_of(report);
  }

 private:
  /// --since chooses among what waits, and brings nothing back.
  void warn_of_begun(const NotifyReport& report) const {
    for (const SubscriptionReport& each : report.subscriptions) {
      if (!options_.since || !each.ledger || each.ledger->began <= *options_.since) continue;
      spdlog::warn(
          "subscription {}: has begun at {}: --since does not bring back what it was sent or passed over by then",
          each.id, format_instant(each.ledger->began));
    }
  }

  NotifyOptions options_;
  bool lists_ = false;
  bool as_json_ = false;
};

}  // namespace

const CommandEntry notify_entry{"notify",
                                "notify --state DIR --subscriptions FILE [options]",
                                "sends subscribers what is new, by webhook and mail",
                                []() -> std::unique_ptr<Command> { return std::make_unique<NotifyCommand>(); },
                                {},
                                "Sends each subscription what the register knows and it was not sent yet: at least "
                                "once, with a key by which a receiver knows what it has. Exit code 0: all arrived; 4: "
                                "some did not, each is named and sent the next time; 69: nobody could be reached."};

}  // namespace pitwatch::tools
