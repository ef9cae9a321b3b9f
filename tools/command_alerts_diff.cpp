#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/alerts/alert_reader.hpp"
#include "pipeline/io/vector/database_target.hpp"
#include "tools/alert_diff.hpp"
#include "tools/command_alerts.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

bool is_geopackage(const std::string& path) {
  constexpr std::string_view signature = "SQLite format 3";
  std::error_code none;
  if (!fs::is_regular_file(path, none)) return false;
  std::string head(signature.size(), '\0');
  std::ifstream in(path, std::ios::binary);
  return in.read(head.data(), static_cast<std::streamsize>(head.size())) && head == signature;
}

/// One side of a comparison.
struct Side {
  AlertSet set;
  std::optional<RegisterContent> content;  // of the register that it is of, as it is today
};

Side register_side(const std::string& target) {
  Side side;
  side.content = read_register(target);
  side.set = {side.content->alerts, true, std::nullopt};
  return side;
}

/// What a text names: a register, a folder with one or with alerts.geojson, a file of alerts, or, of the register
/// `target`, a date.
Side side_of(const std::string& text, const std::string& target) {
  if (is_database(text)) return register_side(text);
  std::error_code none;
  if (fs::is_directory(text, none)) {
    const std::string path = (fs::path(text) / "register.gpkg").string();
    if (fs::exists(path, none)) return register_side(path);
    return {{read_alerts_geojson((fs::path(text) / "alerts.geojson").string()), false, std::nullopt}, std::nullopt};
  }
  if (fs::exists(fs::symlink_status(text, none))) {
    if (is_geopackage(text)) return register_side(text);
    return {{read_alerts_geojson(text), false, std::nullopt}, std::nullopt};
  }
  Instant at{};
  try {
    at = last_instant(text);
  } catch (const DataError&) {
    throw ConfigError("diff: '" + text + "' is no file, no folder and no date");
  }
  if (target.empty()) throw ConfigError("diff: '" + text + "' is a date: of which register? --state or --register");
  Side side = register_side(target);
  side.set = register_as_of(target, *side.content, at);
  return side;
}

class AlertsDiffCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description how("How");
    how.add_options()                                                                                  //
        ("a", po::value<std::string>()->value_name("A"), "what is compared; also the first argument")  //
        ("b", po::value<std::string>()->value_name("B"),
         "with what; also the second argument. Both are a register (GeoPackage or PG:...), a folder of run or of "
         "rerun, "
         "an alerts.geojson, or a date of the register of --state or --register")  //
        ("json", po::bool_switch(), "JSON, not a table")                           //
        ("csv", po::bool_switch(), "CSV, not a table");
    po::options_description all("Options of alerts diff");
    all.add(register_options()).add(how);
    return all;
  }

  std::vector<std::string> positional() const override { return {"a", "b"}; }

  void setup(const po::variables_map& values) override {
    target_ = register_target(values);
    if (values.count("a") == 0 || values.count("b") == 0) {
      throw ConfigError("diff: takes two, A and B; see pitwatch alerts diff --help");
    }
    first_ = values["a"].as<std::string>();
    second_ = values["b"].as<std::string>();
    json_ = values["json"].as<bool>();
    csv_ = values["csv"].as<bool>();
    if (json_ && csv_) throw ConfigError("--json or --csv, not both");
  }

  int run() override {
    const Side first = side_of(first_, target_);
    const Side second = side_of(second_, target_);
    std::optional<RegisterContent> of_state;
    const RegisterContent* record = second.content ? &*second.content : first.content ? &*first.content : nullptr;
    if (record == nullptr && !target_.empty()) record = &of_state.emplace(read_register(target_));
    const std::vector<AlertChange> changes = alert_changes(first.set, second.set, record);
    std::cout << (json_ ? changes_json(changes) : csv_ ? changes_csv(changes) : changes_text(changes));
    spdlog::info("{} changes between {} and {} alerts", changes.size(), first.set.alerts.size(),
                 second.set.alerts.size());
    return exit_done;
  }

 private:
  std::string target_;
  std::string first_;
  std::string second_;
  bool json_ = false;
  bool csv_ = false;
};

}  // namespace

const CommandEntry alerts_diff_entry{
    "diff", "alerts diff A B [--state DIR | --register TARGET] [options]", "what differs between two sets of alerts",
    []() -> std::unique_ptr<Command> { return std::make_unique<AlertsDiffCommand>(); }};

}  // namespace pitwatch::tools
