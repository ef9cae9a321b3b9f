#include "tools/command_doctor.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "pipeline/doctor/doctor.hpp"
#include "pipeline/schedule/machine_memory.hpp"
#include "tools/common_options.hpp"
#include "tools/monitor_options.hpp"
#include "tools/signing_options.hpp"
#include "tools/source_options.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

using nlohmann::ordered_json;

class DoctorCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description(
        "Looks whether all that a nightly run rests on is sound here: the program's libraries and data, the machine, "
        "and\n"
        "of what is named the state, the sites, the source and the certificate. Give it the options of the nightly "
        "run, and\n"
        "have its user call it. Writes nothing. Exit code 0: no check failed; 5: one did.\n\n"
        "Options of doctor");
    add_input_options(description);
    description.add_options()                                                          //
        ("state", po::value<std::string>()->value_name("DIR"), "folder of the state")  //
        ("register", po::value<std::string>()->value_name("TARGET"),
         "register of alerts: a GeoPackage, or a database such as PG:dbname=...; default: STATE/register.gpkg");
    add_monitor_options(description);
    add_signing_options(description);
    description.add_options()  //
        ("json", po::bool_switch(), "as JSON");
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    const auto text = [&](const char* option) {
      return values.count(option) != 0 ? values[option].as<std::string>() : std::string();
    };
    options_ = read_derive_options(values);
    options_.state = text("state");
    options_.register_target = values.count("register") != 0 ? text("register") : options_.state + "/register.gpkg";
    options_.network.memory.clear();  // nothing is written
    options_.signing = read_signing_options(values);
    as_json_ = values["json"].as<bool>();
  }

  int run() override {
    const std::vector<HealthCheck> checks = examine(options_, clock_now());
    if (as_json_) {
      print_json(checks);
    } else {
      print_text(checks);
    }
    return is_sound(checks) ? exit_done : exit_check_failed;
  }

 private:
  static bool is_sound(const std::vector<HealthCheck>& checks) {
    return std::none_of(checks.begin(), checks.end(),
                        [](const HealthCheck& check) { return check.health == Health::failed; });
  }

  static void print_text(const std::vector<HealthCheck>& checks) {
    TextTable table{{"check", "result", "found", "what to do"}};
    for (const HealthCheck& check : checks) {
      table.push_back({check.what, std::string(name(check.health)), check.found, check.advice});
    }
    std::cout << aligned(table);
  }

  static void print_json(const std::vector<HealthCheck>& checks) {
    ordered_json object{{"sound", is_sound(checks)}, {"checks", ordered_json::array()}};
    for (const HealthCheck& check : checks) {
      object["checks"].push_back(
          {{"check", check.what},
           {"result", name(check.health)},
           {"found", check.found},
           {"advice", check.advice.empty() ? ordered_json(nullptr) : ordered_json(check.advice)}});
    }
    std::cout << object.dump(2, ' ', false, ordered_json::error_handler_t::replace) << "\n";
  }

  WatchOptions options_;
  bool as_json_ = false;
};

}  // namespace

const CommandEntry doctor_entry{"doctor", "doctor [--state DIR] [--sites FILE] [--source SOURCE] [options]",
                                "whether all that a nightly run rests on is sound here",
                                []() -> std::unique_ptr<Command> { return std::make_unique<DoctorCommand>(); }};

}  // namespace pitwatch::tools
