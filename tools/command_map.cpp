#include "tools/command_map.hpp"

#include <spdlog/spdlog.h>

#include "pipeline/core/error.hpp"
#include "pipeline/webmap/webmap.hpp"
#include "tools/common_options.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

constexpr int most_film = 200;

class MapCommand final : public Command {
 public:
  po::options_description options() override {
    const MapOptions defaults;
    po::options_description how("Options of map");
    how.add_options()                                                                        //
        ("state", po::value<std::string>()->value_name("DIR"), "folder of the nightly run")  //
        ("out,o", po::value<std::string>()->value_name("DIR"),
         "the map's folder, made if missing; a map that is there is replaced in one step")                        //
        ("lang", po::value<std::string>()->value_name("LANG")->default_value(defaults.language), "en, az or ru")  //
        ("dossiers", po::value<std::string>()->value_name("REL_DIR"),
         "folder, relative to --out, where report wrote dossiers, which alerts then link to; within --out it stays "
         "where "
         "the map is replaced; default: dossiers, where --out has such a folder")                    //
        ("site", po::value<std::string>()->value_name("ID,..."), "these sites alone; default: all")  //
        ("max-natural", po::value<double>()->value_name("P"),
         "alerts that are likelier than this to be natural are left out, 0..1; default: as alerts.geojson leaves them "
         "out")  //
        ("film", po::value<int>()->value_name("N")->default_value(defaults.film),
         "pictures of each alert beside those of before, detected and confirmed, at most, spread over time, 0..200; 0: "
         "no "
         "pictures at all")                                                                                        //
        ("with-reviewers", po::bool_switch(), "name the people who reviewed alerts; default: they are not named")  //
        ("now", po::value<std::string>()->value_name("TIME"),
         "up to when overpasses are expected; default: the newest acquisition, so that the same state gives the same "
         "bytes")  //
        ("register", po::value<std::string>()->value_name("TARGET"),
         "the state's register: a GeoPackage, or a database such as PG:dbname=...; default: STATE/register.gpkg");
    return how;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    options_.threads = read_common_options(values).threads;
    for (const char* const option : {"state", "out"}) {
      if (values.count(option) == 0) {
        throw ConfigError("map: --" + std::string(option) + " DIR is missing; see pitwatch map --help");
      }
    }
    options_.state = values["state"].as<std::string>();
    options_.register_target = register_target(values);
    options_.out = values["out"].as<std::string>();
    options_.language = values["lang"].as<std::string>();
    if (values.count("dossiers") != 0) options_.dossiers = values["dossiers"].as<std::string>();
    options_.sites = list_option(values, "site");
    options_.now = parse_period_end(values, "now");
    options_.with_reviewers = values["with-reviewers"].as<bool>();
    options_.film = values["film"].as<int>();
    if (options_.film < 0 || options_.film > most_film) throw ConfigError("--film must be 0 to 200");
    if (values.count("max-natural") == 0) return;
    const double limit = values["max-natural"].as<double>();
    if (!(limit >= 0 && limit <= 1)) throw ConfigError("--max-natural must be 0 to 1");
    options_.max_natural = limit;
  }

  int run() override {
    const MapReport report = write_map(options_);
    for (const auto& [what, why] : report.skipped) spdlog::error("{}: {}", what, why);
    spdlog::info("{} alerts of {} sites, {} pictures, {} dossiers; open {}/index.html", report.alerts, report.sites,
                 report.pictures, report.dossiers, options_.out);
    return report.skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  MapOptions options_;
};

}  // namespace

const CommandEntry map_entry{"map", "map --state DIR --out DIR [options]",
                             "a map of the alerts as a folder that any web server or browser shows",
                             []() -> std::unique_ptr<Command> { return std::make_unique<MapCommand>(); }};

}  // namespace pitwatch::tools
