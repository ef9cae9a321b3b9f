#include "tools/command_compare.hpp"

#include <spdlog/spdlog.h>

#include <cmath>

#include "pipeline/compare/compare.hpp"
#include "pipeline/core/error.hpp"
#include "tools/check_options.hpp"
#include "tools/common_options.hpp"
#include "tools/image_options.hpp"
#include "tools/logging.hpp"
#include "tools/monitor_options.hpp"
#include "tools/output_guard.hpp"
#include "tools/source_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class CompareCommand final : public Command {
 public:
  po::options_description options() override {
    const CompareOptions defaults;
    po::options_description description("Options of compare");
    description.add_options()  //
        ("before", po::value<std::string>()->value_name("SCENE"),
         "the earlier scene: a STAC item (JSON) or its URL, a SAFE folder or .zip, a granule or tile folder, a band "
         "image; HLS, THEIA/MAJA; images of your own")
        //
        ("after", po::value<std::string>()->value_name("SCENE"), "the later scene")  //
        ("out,o", po::value<std::string>()->value_name("DIR"),
         "folder for alerts.geojson, score.tif, mask.tif and run.json; made if missing")  //
        ("aoi", po::value<std::string>()->value_name("FILE"),
         "vector file; nothing outside of its polygons is judged")  //
        ("min-area-ha", po::value<double>()->value_name("HA")->default_value(defaults.min_area_ha, "0.1"),
         "minimum mapping unit, hectares, 0..1000000")  //
        ("simplify", po::value<double>()->value_name("M")->default_value(defaults.simplify_m, "0"),
         "tolerance of simplified outlines, metres, 0..1000; 0: exact along pixel edges")  //
        ("score-low",
         po::value<double>()->value_name("P")->default_value(defaults.score_low, format(defaults.score_low)),
         "a polygon grows over pixels of at least this score, 0..1")  //
        ("score-high",
         po::value<double>()->value_name("P")->default_value(defaults.score_high, format(defaults.score_high)),
         "and somewhere reaches this score, 0..1")  //
        ("min-confidence",
         po::value<double>()->value_name("P")->default_value(defaults.min_confidence, format(defaults.min_confidence)),
         "alerts of less are left out: mean score of their pixels, 0..1")  //
        ("tile-size", po::value<int>()->value_name("PX")->default_value(0),
         "pixels per side of the tiles worked on, a multiple of 64, 64..16384; 0: by the memory; results do not depend "
         "on it");
    description.add_options()  //
        ("before-date", po::value<std::string>()->value_name("DATE"),
         "when BEFORE was acquired, where it is plain images that do not tell")         //
        ("after-date", po::value<std::string>()->value_name("DATE"), "when AFTER was")  //
        ("after-offset", po::value<double>()->value_name("X"),
         "of AFTER, where it is not --offset: processed with an offset of 1000 and not brought back, -0.1");
    add_feature_option(description);
    add_image_options(description);
    add_check_options(description);
    add_network_options(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {"before", "after"}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    before_ = required(values, "before", "BEFORE");
    after_ = required(values, "after", "AFTER");
    options_.out = required(values, "out", "--out DIR");
    check_out_folder("out", options_.out);
    refuse_lost_in(values, "out", options_.out, {"alerts.geojson", "score.tif", "mask.tif", "run.json"});
    if (values.count("aoi") != 0) options_.aoi = values["aoi"].as<std::string>();
    options_.min_area_ha = values["min-area-ha"].as<double>();
    options_.simplify_m = values["simplify"].as<double>();
    options_.score_low = values["score-low"].as<double>();
    options_.score_high = values["score-high"].as<double>();
    options_.min_confidence = values["min-confidence"].as<double>();
    options_.tile_size_px = values["tile-size"].as<int>();
    options_.evidence.features = read_features(values, {});
    options_.checks = read_check_options(values);
    options_.network = read_network_options(values);
    options_.given = {read_image_options(values, "before-date"), read_image_options(values, "after-date")};
    if (values.count("after-offset") != 0) {
      if (!options_.given[1].scale) throw ConfigError("--after-offset needs --scale: both say what a number is");
      options_.given[1].offset = values["after-offset"].as<double>();
      if (!std::isfinite(*options_.given[1].offset)) throw ConfigError("--after-offset must be a finite number");
    }
    options_.threads = common_.threads;
    options_.memory_bytes = common_.memory_bytes.value_or(options_.memory_bytes);
  }

  int run() override {
    CompareReport report;
    {
      Progress progress(common_);
      report = compare(before_, after_, options_,
                       [&](std::string_view stage, double fraction) { progress(stage, fraction); });
    }
    double area_ha = 0;
    for (const Alert& alert : report.alerts) area_ha += alert.area_ha;
    spdlog::debug("{} threads, {} tiles of {} px in flight, {} MiB planned", report.threads, report.tokens,
                  report.tile_size_px, report.planned_bytes >> 20);
    for (const auto& [stage, seconds] : report.stage_seconds) spdlog::debug("{}: {:.2f} s", stage, seconds);
    for (const auto& [scene, offsets] :
         {std::pair{&report.before, &report.offsets[0]}, {&report.after, &report.offsets[1]}}) {
      for (const std::string& doubt : offsets->decision.warnings) spdlog::warn("{}: {}", scene->id, doubt);
    }
    for (const std::string& limit : report.limits) spdlog::warn("{}", limit);
    for (const std::string& assumed : report.assumptions) spdlog::warn("{}", assumed);
    if (report.alignment.windows_used == 0) {
      spdlog::warn("the shift between the scenes could not be measured and is taken as none");
    }
    spdlog::info("shift {:.2f}, {:.2f} px; {} alerts, {:.1f} ha; {:.1f} s; see {}/alerts.geojson",
                 report.alignment.x.offset, report.alignment.y.offset, report.alerts.size(), area_ha,
                 report.wall_seconds, options_.out);
    return exit_done;
  }

 private:
  static std::string format(double value) { return fmt::format("{}", value); }

  static std::string required(const po::variables_map& values, const char* option, const char* what) {
    if (values.count(option) == 0) throw ConfigError(std::string(what) + " is missing; see pitwatch compare --help");
    return values[option].as<std::string>();
  }

  CommonOptions common_;
  std::string before_;
  std::string after_;
  CompareOptions options_;
};

}  // namespace

const CommandEntry compare_entry{"compare", "compare BEFORE AFTER --out DIR [options]",
                                 "compares two scenes: polygons of newly disturbed ground, with evidence",
                                 []() -> std::unique_ptr<Command> { return std::make_unique<CompareCommand>(); }};

}  // namespace pitwatch::tools
