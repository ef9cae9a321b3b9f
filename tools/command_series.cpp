#include "tools/command_series.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/run/series.hpp"
#include "tools/common_options.hpp"
#include "tools/monitor_options.hpp"
#include "tools/named_options.hpp"
#include "tools/output_guard.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

class SeriesCommand final : public Command {
 public:
  po::options_description options() override {
    const SeriesOptions defaults;
    po::options_description description("Options of series");
    description.add_options()  //
        ("file", po::value<std::string>()->value_name("CSV"),
         "table with a date and bands or indices, one row per observation")                                        //
        ("id", po::value<std::string>()->value_name("COLUMN"), "column that tells pixels apart; none: one pixel")  //
        ("date", po::value<std::string>()->value_name("COLUMN")->default_value(defaults.date_column),
         "column with the date, ISO 8601 or day.month.year")  //
        ("scale", po::value<double>()->value_name("X")->default_value(defaults.scale, "1"),
         "reflectance of a band value of 1, over 0; e.g. 0.0001")  //
        ("clear", po::value<std::string>()->value_name("COLUMN=V,V"),
         "only rows with these values there are clear, e.g. qa=0,1; without: all")  //
        ("history-until", po::value<std::string>()->value_name("DATE"),
         "observations up to here are learnt from; a day whole")  //
        ("history-days", po::value<int>()->value_name("N")->default_value(defaults.history_days),
         "where --history-until is not given: days from the first observation, but at most half of the series; 1 or "
         "more")                                                                              //
        ("summary", po::bool_switch(), "a line per pixel instead of a line per observation")  //
        ("out,o", po::value<std::string>()->value_name("FILE"), "file for the result instead of stdout");
    add_named_options(description, defaults.monitor);
    add_named_options(description, defaults.course);
    add_feature_option(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {"file"}; }

  void setup(const po::variables_map& values) override {
    if (values.count("file") == 0) throw ConfigError("series needs a CSV file");
    options_.file = values["file"].as<std::string>();
    if (values.count("id") != 0) options_.id_column = values["id"].as<std::string>();
    options_.date_column = values["date"].as<std::string>();
    options_.scale = values["scale"].as<double>();
    options_.history_days = values["history-days"].as<int>();
    options_.history_until = parse_period_end(values, "history-until");
    if (values.count("clear") != 0) read_clear(values["clear"].as<std::string>());
    read_named_options(values, options_.monitor);
    read_named_options(values, options_.course);
    options_.monitor.extra = read_features(values, feature_names);
    summary_ = values["summary"].as<bool>();
    out_ = out_file_option(values);
  }

  int run() override {
    std::optional<AtomicFile> file;
    if (!out_.empty()) file.emplace(out_);
    const auto put = [&file](const std::string& text) {
      if (file) {
        file->append(text);
      } else {
        std::cout << text;
      }
    };
    if (summary_) {
      const SeriesResult result = run_series(options_);
      warn(result);
      put(summary_csv(result));
    } else {
      bool is_begun = false;
      const auto take = [&](const SeriesPixel& pixel, const std::vector<SeriesObservation>& observations) {
        if (!is_begun) put(observations_header(options_.monitor.extra));
        is_begun = true;
        put(observations_csv(pixel, observations, options_.monitor.extra));
      };
      warn(run_series(options_, take));
    }
    if (file) file->commit();
    return exit_done;
  }

 private:
  void warn(const SeriesResult& result) const {
    spdlog::info("{}: {}", options_.file, result.understood);
    if (options_.clear_column.empty()) {
      spdlog::warn("{}: without --clear every row counts as clear; clouds among them hide what they resemble",
                   options_.file);
    }
    if (result.repeated > 0) {
      spdlog::warn(
          "{}: {} rows have the date of another{}; of each date one counts: a clear one, and of several the one "
          "of the lowest values",
          options_.file, result.repeated,
          options_.id_column.empty() ? ": all are looks at one pixel without --id" : " of their pixel");
    }
    if (result.beyond > 0) {
      spdlog::warn("{}: {} numbers of bands are no reflectance, and are taken for no measurement; the first: {}",
                   options_.file, result.beyond, result.first_beyond);
    }
    const auto few = std::count_if(result.pixels.begin(), result.pixels.end(), [&](const SeriesPixel& pixel) {
      return pixel.history_observations < static_cast<std::size_t>(options_.monitor.observations_for_first_harmonic);
    });
    if (few > 0) {
      spdlog::warn("{}: {} of {} pixels have fewer than {} clear observations to learn from, too few for seasons",
                   options_.file, few, result.pixels.size(), options_.monitor.observations_for_first_harmonic);
    }
  }

  void read_clear(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError("--clear is COLUMN=VALUE,VALUE, not '" + text + "'");
    options_.clear_column = text.substr(0, equals);
    options_.clear_values = split_list(text.substr(equals + 1));
  }

  SeriesOptions options_;
  bool summary_ = false;
  std::string out_;
};

}  // namespace

const CommandEntry series_entry{
    "series", "series FILE.csv [options]",
    "watches single pixels: evidence and status by observation from a table of reflectances",
    []() -> std::unique_ptr<Command> { return std::make_unique<SeriesCommand>(); }};

}  // namespace pitwatch::tools
