#include "tools/command_context.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/watch/context_record.hpp"
#include "tools/alert_texts.hpp"
#include "tools/common_options.hpp"
#include "tools/context_texts.hpp"
#include "tools/logging.hpp"
#include "tools/monitor_options.hpp"
#include "tools/output_guard.hpp"
#include "tools/register_options.hpp"
#include "tools/signing_options.hpp"
#include "tools/source_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

nlohmann::ordered_json report_json(const ContextReport& report, const std::string& state) {
  nlohmann::ordered_json object{{"state", state}, {"changed", report.changed}, {"new_facts", report.new_facts}};
  object["alerts"] = nlohmann::ordered_json::array();
  for (const OutlinedAlert& outlined : report.alerts) object["alerts"].push_back(json_of(outlined.alert));
  object["layers"] = nlohmann::ordered_json::array();
  for (const ContextLayerState& layer : report.layers) object["layers"].push_back(json_of(layer));
  return object;
}

class ContextCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of context");
    description.add_options()  //
        ("state", po::value<std::string>()->value_name("DIR"),
         "folder of the nightly run: facts go into its register and its alerts.geojson")  //
        ("layers", po::value<std::string>()->value_name("FILE"),
         "a context.json: which layers are licences, parcels, protected areas and waters")  //
        ("register", po::value<std::string>()->value_name("TARGET"),
         "the state's register: a GeoPackage, or a database such as PG:dbname=...; default: STATE/register.gpkg")  //
        ("out,o", po::value<std::string>()->value_name("DIR"),
         "folder, made if missing, for turbidity.csv and water_area.csv; needs --turbidity")  //
        ("turbidity", po::bool_switch(),
         "read all acquisitions of --source at --sites for the turbidity and the area of their waters, as run reads "
         "them")  //
        ("json", po::bool_switch(), "JSON, not tables");
    add_signing_options(description);
    po::options_description waters("Options of --turbidity, as those of run; of the network for layers at URLs, too");
    add_input_options(waters);
    add_monitor_options(waters);
    description.add(waters);
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    const CommonOptions common = read_common_options(values);
    for (const char* const option : {"state", "layers"}) {
      if (values.count(option) == 0) {
        throw ConfigError("context: --" + std::string(option) + " is missing; see pitwatch context --help");
      }
    }
    options_.state = values["state"].as<std::string>();
    options_.layers = values["layers"].as<std::string>();
    options_.register_target = register_target(values);
    options_.signing = read_signing_options(values);
    options_.network = read_network_options(values);
    options_.threads = common.threads;
    json_ = values["json"].as<bool>();
    out_ = out_file_option(values);
    const bool asks_waters = values["turbidity"].as<bool>();
    if (!out_.empty() && !asks_waters) {
      throw ConfigError("context: --out needs --turbidity; see pitwatch context --help");
    }
    for (const char* const option : {"source", "sites"}) {
      if (asks_waters && values.count(option) == 0) {
        throw ConfigError("context: --turbidity needs --" + std::string(option) + "; see pitwatch context --help");
      }
    }
    if (asks_waters) options_.waters = read_watch_options(values, "context");
    common_ = common;
  }

  int run() override {
    ContextReport report;
    {
      Progress progress(common_);
      report = record_context(options_, [&](std::string_view stage, double fraction) { progress(stage, fraction); });
    }
    for (const auto& [what, why] : report.waters.skipped) spdlog::warn("{}: {}", what, why);
    if (!out_.empty()) write(report.waters);
    for (const auto& [what, why] : report.skipped) spdlog::error("{}: {}", what, why);
    for (const ContextLayerState& layer : report.layers) {
      for (const std::string& line : layer_warnings(layer)) spdlog::warn("{}", line);
    }
    if (json_) {
      std::cout << text_of(report_json(report, options_.state));
    } else {
      std::cout << context_table(report.alerts) << "\n" << layers_table(report.layers);
    }
    spdlog::info("{} alerts, {} new rows of facts; {:.1f} s", report.alerts.size(), report.new_facts,
                 report.wall_seconds);
    return report.exit_code;
  }

 private:
  void write(const WaterReading& waters) const {
    std::error_code error;
    std::filesystem::create_directories(out_, error);
    if (error) throw ConfigError("--out " + out_ + ": cannot be made: " + error.message());
    write_file_atomically(out_ + "/turbidity.csv", turbidity_csv(waters.waters));
    write_file_atomically(out_ + "/water_area.csv", water_area_csv(waters.extents));
  }

  CommonOptions common_;
  ContextOptions options_;
  std::string out_;
  bool json_ = false;
};

}  // namespace

const CommandEntry context_entry{"context", "context --state DIR --layers FILE [options]",
                                 "licences, parcels, protected areas and waters: facts of each alert",
                                 []() -> std::unique_ptr<Command> { return std::make_unique<ContextCommand>(); }};

}  // namespace pitwatch::tools
