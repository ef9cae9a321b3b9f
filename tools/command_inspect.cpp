#include "tools/command_inspect.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <string_view>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/raster/png_writer.hpp"
#include "pipeline/watch/inspect.hpp"
#include "tools/common_options.hpp"
#include "tools/logging.hpp"
#include "tools/monitor_options.hpp"
#include "tools/output_guard.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

constexpr std::size_t features_shown = 3;
constexpr int png_scale = 2;
constexpr std::array<std::string_view, 5> format_names{"table", "csv", "json", "svg", "png"};

class InspectCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of inspect");
    description.add_options()  //
        ("at", po::value<std::string>()->value_name("LON,LAT"), "the place: degrees on WGS 84, east and north");
    add_input_options(description);
    description.add_options()  //
        ("state", po::value<std::string>()->value_name("DIR"),
         "the nightly state: what it decided is quoted and nothing is watched again, in a moment; what it does not "
         "keep (evidence and anomaly of each date) is not shown; by default dates since it has learnt, others by "
         "--from")  //
        ("site", po::value<std::string>()->value_name("ID"),
         "of this site, where several watch the place; the first otherwise")  //
        ("from", po::value<std::string>()->value_name("DATE"),
         "observations before are not shown; what was learnt from them counts")  //
        ("to", po::value<std::string>()->value_name("DATE"),
         "scenes acquired later are left out; a day whole; also --until")  //
        ("format", po::value<std::string>()->value_name("LIST"),
         "table, csv, json, svg, png; several with commas; by default what the name of --out says, or table")  //
        ("features", po::value<std::string>()->value_name("LIST"),
         "of table and plots: ndvi, bsi, mndwi, log_visible, log_swir16, log_swir22, and names of --feature; by "
         "default the three that deviated most")  //
        ("out,o", po::value<std::string>()->value_name("FILE"),
         "file for the result instead of stdout; of several formats the name without its ending");
    add_monitor_options(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    options_.at = parse_place("--at", required_option(values, "at", "--at LON,LAT", "inspect"));
    options_.watch = read_watch_options(values, "inspect");
    if (values.count("state") != 0) options_.watch.state = values["state"].as<std::string>();
    if (values.count("site") != 0) options_.site = values["site"].as<std::string>();
    options_.from = parse_period_begin(values);
    options_.watch.until = parse_period_end(values);
    check_period(options_.from, options_.watch.until);
    out_ = out_file_option(values);
    if (values.count("features") != 0) read_features(values["features"].as<std::string>());
    if (values.count("format") != 0) {
      read_formats(values["format"].as<std::string>());
    } else {
      const std::string ending = std::filesystem::path(out_).extension().string();
      const bool known = ending.size() > 1 && is_format(ending.substr(1));
      formats_ = {known ? ending.substr(1) : "table"};
    }
    for (const std::string& format : formats_) {
      if (!out_.empty()) checked_out_file(values, "out", path_of(format));
    }
    if (out_.empty() && (formats_.size() > 1 || formats_[0] == "png")) {
      throw ConfigError("--out is missing: only one format of text can go to stdout");
    }
  }

  int run() override {
    PixelReport report;
    {
      Progress progress(common_);
      report = inspect_pixel(options_, [&](std::string_view stage, double fraction) { progress(stage, fraction); });
    }
    for (const auto& [what, why] : report.skipped) spdlog::warn("{}: {}", what, why);
    if (features_.empty()) features_ = telling_features(report, features_shown);
    for (const std::string& format : formats_) put_out(report, format);
    return report.skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  static bool is_format(const std::string& text) {
    return std::find(format_names.begin(), format_names.end(), text) != format_names.end();
  }

  void read_formats(const std::string& text) {
    for (const std::string& name : split_list(text)) {
      if (!is_format(name)) throw ConfigError("--format: '" + name + "' is not table, csv, json, svg or png");
      if (std::find(formats_.begin(), formats_.end(), name) == formats_.end()) formats_.push_back(name);
    }
  }

  void read_features(const std::string& text) {
    const std::vector<std::string> names = names_of_features(options_.watch.thresholds.monitor.extra);
    for (const std::string& name : split_list(text)) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) throw ConfigError("--features: there is no '" + name + "'");
      features_.push_back(static_cast<Feature>(found - names.begin()));
    }
  }

  std::string path_of(const std::string& format) const {
    const std::string ending = format == "table" ? "txt" : format;
    return formats_.size() > 1 ? out_ + "." + ending : out_;
  }

  void put_out(const PixelReport& report, const std::string& format) const {
    const std::string path = path_of(format);
    if (format == "png") {
      const Picture picture = picture_of(pixel_plot(report, features_), png_scale);
      write_png(path, picture.width, picture.height, picture.rgb);
      return;
    }
    const std::string text = format == "csv"    ? pixel_csv(report)
                             : format == "json" ? pixel_json(report)
                             : format == "svg"  ? svg_of(pixel_plot(report, features_))
                                                : pixel_table(report, features_);
    if (path.empty()) {
      std::cout << text;
    } else {
      write_file_atomically(path, text);
    }
  }

  CommonOptions common_;
  InspectOptions options_;
  std::vector<std::string> formats_;
  std::vector<Feature> features_;
  std::string out_;
};

}  // namespace

const CommandEntry inspect_entry{
    "inspect", "inspect --at LON,LAT --sites FILE --source SOURCE [options]",
    "one pixel's series as the nightly run saw it: evidence, status and decisions by observation",
    []() -> std::unique_ptr<Command> { return std::make_unique<InspectCommand>(); }};

}  // namespace pitwatch::tools
