#include "tools/command_score.hpp"

#include <spdlog/spdlog.h>

#include <iostream>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/run/score.hpp"
#include "tools/common_options.hpp"
#include "tools/output_guard.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class ScoreCommand final : public Command {
 public:
  po::options_description options() override {
    const ScoreOptions defaults;
    po::options_description description("Options of score");
    description.add_options()                                                                                //
        ("alerts", po::value<std::string>()->value_name("FILE"), "alerts to score, as in alerts.geojson")    //
        ("truth", po::value<std::string>()->value_name("FILE"), "what is known to have happened (GeoJSON)")  //
        ("label", po::value<std::string>()->value_name("TIF"),
         "raster of what changed: 1 changed, 0 not, 255 not judged, or types as simulate labels them; beside --truth "
         "or "
         "alone")  //
        ("where", po::value<std::string>()->value_name("FILTER"),
         "score only alerts with these attributes, e.g. \"confidence > 0.8\"")  //
        ("from", po::value<std::string>()->value_name("DATE"),
         "only events with an onset from here on count, and what was observed from here on")  //
        ("to", po::value<std::string>()->value_name("DATE"),
         "only events with an onset up to here count, and what was observed up to here; a day whole; alerts on others, "
         "and "
         "of other times on nothing, are set aside; also --until")  //
        ("min-overlap", po::value<double>()->value_name("SHARE")->default_value(defaults.min_overlap, "0.2"),
         "an alert hits an event with which it shares this much of the smaller of the two areas, over 0, at most 1")  //
        ("min-area-ha", po::value<double>()->value_name("HA")->default_value(defaults.min_area_ha, "0.5"),
         "least area of objects and false alerts on the label, hectares, 0..1000000")  //
        ("draws", po::value<int>()->value_name("N")->default_value(defaults.bootstrap.draws),
         "draws of the bootstrap for 95 % intervals, 1..100000")  //
        ("seed", po::value<std::uint64_t>()->value_name("N")->default_value(defaults.bootstrap.seed),
         "of the bootstrap; same seed, same intervals")  //
        ("samples", po::value<std::string>()->value_name("CSV"),
         "sample units with columns map, reference and, if there, count: accuracy and areas weighted by --strata")  //
        ("strata", po::value<std::string>()->value_name("CSV"), "mapped areas with columns map, area_ha")           //
        ("json", po::bool_switch(), "JSON on stdout, not tables")                                                   //
        ("out,o", po::value<std::string>()->value_name("FILE"), "file for the JSON")                                //
        ("html", po::value<std::string>()->value_name("FILE"), "file for a page with tables and plots");
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    options_.alerts = text(values, "alerts");
    options_.truth = text(values, "truth");
    options_.label = text(values, "label");
    options_.samples = text(values, "samples");
    options_.strata = text(values, "strata");
    options_.where = text(values, "where");
    options_.from = parse_period_begin(values);
    options_.until = parse_period_end(values);
    check_period(options_.from, options_.until);
    options_.min_overlap = values["min-overlap"].as<double>();
    options_.min_area_ha = values["min-area-ha"].as<double>();
    options_.bootstrap.draws = values["draws"].as<int>();
    options_.bootstrap.seed = values["seed"].as<std::uint64_t>();
    json_ = values["json"].as<bool>();
    out_ = out_file_option(values);
    html_ = out_file_option(values, "html");
  }

  int run() override {
    const AccuracyReport report = score(options_);
    for (const std::string& warning : report.warnings) spdlog::warn("{}", warning);
    if (!out_.empty()) write_file_atomically(out_, report_json(report));
    if (!html_.empty()) write_file_atomically(html_, report_html(report));
    std::cout << (json_ ? report_json(report) : report_text(report));
    return exit_done;
  }

 private:
  static std::string text(const po::variables_map& values, const char* option) {
    return values.count(option) != 0 ? values[option].as<std::string>() : "";
  }

  ScoreOptions options_;
  bool json_ = false;
  std::string out_;
  std::string html_;
};

}  // namespace

const CommandEntry score_entry{"score", "score --truth FILE --alerts FILE [options]",
                               "scores alerts against what is known to have happened: accuracy figures",
                               []() -> std::unique_ptr<Command> { return std::make_unique<ScoreCommand>(); }};

}  // namespace pitwatch::tools
