#include "tools/command_publish.hpp"

#include <spdlog/spdlog.h>

#include "pipeline/core/error.hpp"
#include "pipeline/delivery/alert_folder.hpp"
#include "pipeline/report/versions.hpp"
#include "tools/monitor_options.hpp"
#include "tools/register_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class PublishCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of publish");
    description.add_options()                                                                                     //
        ("state", po::value<std::string>()->value_name("DIR"), "folder of the nightly run")                       //
        ("out,o", po::value<std::string>()->value_name("DIR"), "the folder: new, empty, or of a publish before")  //
        ("register", po::value<std::string>()->value_name("TARGET"),
         "the state's register: a GeoPackage, or a database such as PG:dbname=...; default: STATE/register.gpkg")  //
        ("url", po::value<std::string>()->value_name("URL"),
         "where the folder will be served, for absolute links beside the relative ones")  //
        ("compare", po::value<std::vector<std::string>>()->value_name("DIR"),
         "a folder that compare wrote: its score.tif and mask.tif are published, too; may be repeated")            //
        ("with-reviewers", po::bool_switch(), "name the people who reviewed alerts; default: they are not named")  //
        ("max-natural", po::value<double>()->value_name("P")->default_value(0.8, "0.8"),
         "alerts that are likelier than this to be no work of people are left out, 0..1");
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    options_.state = required_option(values, "state", "--state DIR", "publish");
    options_.out = required_option(values, "out", "--out DIR", "publish");
    options_.register_target = register_target(values);
    if (values.count("url") != 0) options_.url = values["url"].as<std::string>();
    if (values.count("compare") != 0) options_.comparisons = values["compare"].as<std::vector<std::string>>();
    options_.with_reviewers = values["with-reviewers"].as<bool>();
    options_.max_natural = values["max-natural"].as<double>();
    if (!(options_.max_natural >= 0 && options_.max_natural <= 1)) throw ConfigError("--max-natural must be 0 to 1");
    options_.version = program_version();
  }

  int run() override {
    const PublishReport report = publish(options_);
    for (const auto& [what, why] : report.skipped) spdlog::error("{}: {}", what, why);
    spdlog::info("{} alerts, {} chips, {} comparisons; see {}", report.alerts, report.chips, report.comparisons,
                 options_.out);
    return report.skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  PublishOptions options_;
};

}  // namespace

const CommandEntry publish_entry{
    "publish",
    "publish --state DIR --out DIR [options]",
    "a folder for web servers and GIS programs: STAC, Atom, QGIS, MapServer",
    []() -> std::unique_ptr<Command> { return std::make_unique<PublishCommand>(); },
    {},
    "Writes a folder that any web server can serve: STAC, Atom feeds, a QGIS project with styles, a MapServer "
    "configuration, and the files that they show. The folder appears whole and replaces the one before."};

}  // namespace pitwatch::tools
