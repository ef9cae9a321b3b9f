#include "tools/monitor_options.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/monitor/features.hpp"
#include "pipeline/schedule/machine_memory.hpp"
#include "tools/check_options.hpp"
#include "tools/common_options.hpp"
#include "tools/mask_options.hpp"
#include "tools/named_options.hpp"
#include "tools/source_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

void add_input_options(po::options_description& description) {
  description.add_options()  //
      ("sites", po::value<std::string>()->value_name("FILE"),
       "vector file of sites: polygons with id and name; a property monitor, e.g. {\"min-area-ha\": 0.2}, sets options "
       "for its site")  //
      ("source", po::value<std::string>()->value_name("SOURCE"),
       "folder of scenes, a static STAC catalog, or the URL of a STAC API");
  add_source_options(description);
}

void add_light_options(po::options_description& description) {
  description.add_options()  //
      ("elevation", po::value<std::string>()->value_name("FILE"),
       "raster of elevations, metres, any format and CRS: ground in the shadow of terrain is not judged")  //
      ("topographic-correction", po::bool_switch(),
       "take light and shade of slopes out of reflectance (C-correction); needs --elevation")  //
      ("brdf", po::bool_switch(), "reflectance as seen from straight above (c-factor)")        //
      ("normalise", po::bool_switch(),
       "bring acquisitions to the level of a clear one of the history, by stable pixels");
}

void add_monitor_options(po::options_description& description) {
  const WatchOptions defaults;
  description.add_options()  //
      ("options-of", po::value<std::string>()->value_name("FILE"),
       "a manifest of a run (STATE/runs/TIME.json): options that are not given here are as they were in that run")  //
      ("buffer-m", po::value<double>()->value_name("M")->default_value(defaults.buffer_m, "300"),
       "watched around the bounds of each site, metres, 0..20000")  //
      ("history-days", po::value<int>()->value_name("N")->default_value(defaults.history_days),
       "learnt from before watching begins, where a site names no baseline_to; 60..36500");
  add_named_options(description, defaults.thresholds);
  add_feature_option(description);
  add_light_options(description);
  add_mask_options(description);
  description.add_options()  //
      ("write-masks", po::value<std::string>()->value_name("DIR"),
       "write the mask of each acquisition taken in: DIR/SITE/TIME_mask.tif, Cloud Optimized GeoTIFF, its bits named "
       "in the "
       "metadata")  //
      ("write-scores", po::value<std::string>()->value_name("DIR"),
       "write what is known of each pixel after each acquisition that is judged: DIR/SITE/TIME_score.tif, the "
       "probability that it is disturbed, and DIR/SITE/TIME_status.tif; Cloud Optimized GeoTIFF");
  add_check_options(description);
}

void add_feature_option(po::options_description& description) {
  description.add_options()  //
      ("feature", po::value<std::vector<std::string>>()->value_name("NAME=FORMULA")->composing(),
       "judge by an index of the catalogue (pitwatch index --list) or a formula over bands as well, beside what is "
       "judged by anyway, e.g. NDRE=(B8A-B05)/(B8A+B05); again for each, 8 at most; its error follows from that of the "
       "bands");
}

ExtraFeatures read_features(const po::variables_map& values, std::span<const std::string_view> taken) {
  return values.count("feature") == 0 ? ExtraFeatures()
                                      : ExtraFeatures(values["feature"].as<std::vector<std::string>>(), taken);
}

WatchOptions read_watch_options(const po::variables_map& values, const std::string& command) {
  required_option(values, "sites", "--sites FILE", command);
  required_option(values, "source", "--source SOURCE", command);
  return read_derive_options(values);
}

namespace {

/// Of what the manifest names otherwise than the options are called: whether it was given by hand.
void check_given(const po::variables_map& values, const NamedTexts& recorded) {
  const auto is_given = [&](const char* option) { return values.count(option) != 0 && !values[option].defaulted(); };
  const auto check = [&](const char* name, const char* usual, std::initializer_list<const char*> by) {
    const auto found = recorded.find(name);
    if (found == recorded.end() || found->second == usual || std::any_of(by.begin(), by.end(), is_given)) return;
    throw ConfigError("the run on record had " + std::string(name) + " '" + found->second + "': give --" + *by.begin() +
                      " as it did");
  };
  check("masks", "", {"mask-classes", "spectral-masks", "cloud-probability", "snow-probability"});
  check("features", "", {"feature"});
  check("offset-check refuse", "on", {"offset-check"});
}

/// The options with those of a run on record in the place of defaults.
po::variables_map with_recorded(const po::variables_map& values, const NamedTexts& recorded) {
  check_given(values, recorded);
  po::options_description known;
  add_monitor_options(known);
  po::basic_parsed_options<char> parsed(&known);
  for (const auto& [name, text] : recorded) {
    if (known.find_nothrow(name, false) == nullptr || values.count(name) == 0 || !values[name].defaulted()) continue;
    parsed.options.emplace_back(name, std::vector<std::string>{text});
  }
  po::variables_map merged = values;
  try {
    po::store(parsed, merged);
  } catch (const po::error& error) {
    throw ConfigError(std::string("options of the run on record: ") + error.what());
  }
  return merged;
}

}  // namespace

WatchOptions read_derive_options(const po::variables_map& given, const NamedTexts& recorded) {
  NamedTexts of_run = recorded;
  if (given.count("options-of") != 0) {
    const std::string path = given["options-of"].as<std::string>();
    try {
      of_run = parse_manifest(read_whole_file(path, largest_manifest_bytes)).options;
    } catch (const DataError& error) {
      throw ConfigError("--options-of " + path + ": " + error.what());
    }
    if (of_run.empty()) throw ConfigError("--options-of " + path + ": is no manifest of a run: it has no options");
  }
  const po::variables_map values = of_run.empty() ? given : with_recorded(given, of_run);
  WatchOptions options;
  if (values.count("sites") != 0) options.sites = values["sites"].as<std::string>();
  if (values.count("source") != 0) options.source = values["source"].as<std::string>();
  options.network = read_source_options(values);
  options.buffer_m = values["buffer-m"].as<double>();
  options.history_days = values["history-days"].as<int>();
  read_named_options(values, options.thresholds);
  options.thresholds.monitor.extra = read_features(values, feature_names);
  if (values.count("elevation") != 0) options.light.elevation = values["elevation"].as<std::string>();
  options.light.topographic_correction = values["topographic-correction"].as<bool>();
  options.light.brdf = values["brdf"].as<bool>();
  options.light.normalise = values["normalise"].as<bool>();
  options.checks = read_check_options(values);
  options.masks = read_mask_choice(values);
  if (values.count("write-masks") != 0) options.write_masks = values["write-masks"].as<std::string>();
  if (values.count("write-scores") != 0) options.write_scores = values["write-scores"].as<std::string>();
  const CommonOptions common = read_common_options(values);
  options.threads = common.threads;
  options.memory_bytes = common.memory_bytes.value_or(usable_memory_bytes() / 2);
  return options;
}

std::string required_option(const po::variables_map& values, const std::string& option, const std::string& what,
                            const std::string& command) {
  if (values.count(option) == 0) throw ConfigError(what + " is missing; see pitwatch " + command + " --help");
  return values[option].as<std::string>();
}

}  // namespace pitwatch::tools
