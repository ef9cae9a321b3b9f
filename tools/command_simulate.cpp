#include "tools/command_simulate.hpp"

#include <spdlog/spdlog.h>

#include <charconv>
#include <limits>
#include <sstream>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/run/simulate.hpp"
#include "tools/common_options.hpp"
#include "tools/logging.hpp"
#include "tools/output_guard.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

std::vector<Band> parse_bands(const std::string& text) {
  std::vector<Band> bands;
  std::istringstream list(text);
  for (std::string item; std::getline(list, item, ',');) {
    const std::optional<Band> band = band_from_name(item);
    if (!band || !is_reflectance(*band) || *band == Band::B10) {
      throw ConfigError("--bands: '" + item + "' is not a band of Level-2A (B01 .. B12 but B10)");
    }
    if (std::find(bands.begin(), bands.end(), *band) != bands.end()) {
      throw ConfigError("--bands names " + item + " twice");
    }
    bands.push_back(*band);
  }
  return bands;
}

double parse_number(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || read_to != end) throw DataError("'" + printable(text) + "' is no number");
  return number;
}

/// "2022-07-01:2022-07-20:0.8", or with an elevation behind: "...:0.8:560".
Plume parse_plume(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ':');) parts.push_back(part);
  if (parts.size() != 3 && parts.size() != 4) {
    throw ConfigError("--plume: '" + printable(text) + "' is not DAY:DAY:SHARE or DAY:DAY:SHARE:BELOW_M");
  }
  try {
    Plume plume{parse_instant(parts[0]), last_instant(parts[1]), parse_number(parts[2]), {}};
    if (parts.size() == 4) plume.below_m = parse_number(parts[3]);
    return plume;
  } catch (const DataError& error) {
    throw ConfigError(std::string("--plume: ") + error.what());
  }
}

class SimulateCommand final : public Command {
 public:
  po::options_description options() override {
    const SimulateOptions defaults;
    po::options_description description("Options of simulate");
    description.add_options()                                                                                       //
        ("sites", po::value<std::string>()->value_name("FILE"), "vector file of sites: polygons with id and name")  //
        ("out,o", po::value<std::string>()->value_name("DIR"),
         "folder for SITE/ with products, dem.tif and labels/, and truth.geojson; made if missing")   //
        ("from", po::value<std::string>()->value_name("DATE"), "first day of the series")             //
        ("to", po::value<std::string>()->value_name("DATE"), "last day of the series; also --until")  //
        ("as", po::value<std::string>()->value_name("FORM")->default_value("stac"),
         "stac: items over Cloud Optimized GeoTIFFs; safe: ESA's folders with JPEG 2000")  //
        ("seed", po::value<std::uint32_t>()->value_name("N")->default_value(defaults.seed),
         "another number, another world")  //
        ("every-days", po::value<int>()->value_name("N")->default_value(defaults.revisit_days),
         "days between acquisitions, 1..366")  //
        ("size-km", po::value<double>()->value_name("KM")->default_value(defaults.size_km, "3"),
         "side of the square around each site, from 0.6; 109.8 or more: the whole tile")  //
        ("bands", po::value<std::string>()->value_name("LIST")->default_value(""),
         "bands to write, e.g. B02,B03,B04,B08,B11,B12; empty: all twelve")  //
        ("disturbances", po::value<int>()->value_name("N")->default_value(defaults.disturbances),
         "for each site: pits, dumps, tailings, roads; 0..10000")  //
        ("waterside", po::value<int>()->value_name("N")->default_value(defaults.waterside),
         "for each site, beside these: ponds, and workings along a river; 0..10000")  //
        ("backfilled", po::value<int>()->value_name("N")->default_value(defaults.backfilled),
         "for each site, beside these: pits in rock and ponds that are filled again; 0..10000")  //
        ("decoys", po::value<int>()->value_name("N")->default_value(defaults.decoys),
         "for each site: harvests, fires, floods and the like; 0..10000")  //
        ("plume", po::value<std::string>()->value_name("DAY:DAY:SHARE[:BELOW_M]"),
         "rivers and reservoirs carry so much tailings water, 0..1, from one day to another; with BELOW_M only where "
         "their "
         "bed lies lower above sea level, as below an inflow")                                          //
        ("clear-sky", po::bool_switch(), "no clouds, and every product whole: for pairs and pictures")  //
        ("sky-labels", po::bool_switch(),
         "write what hides the ground on each day, too: SITE/sky/YYYYMMDD.tif, bits of cloud, shadow, cirrus, snow")  //
        ("history-days", po::value<int>()->value_name("N")->default_value(defaults.history_days),
         "days before the first onset, at most nine tenths of the period");
    return description;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    options_.sites = required(values, "sites", "--sites FILE");
    options_.out = required(values, "out", "--out DIR");
    check_out_folder("out", options_.out);
    refuse_lost_in(values, "out", options_.out, {"truth.geojson"});
    required(values, "from", "--from DATE");
    required(values, "to", "--to DATE");
    options_.from = *parse_period_begin(values);
    options_.until = *parse_period_end(values);
    check_period(options_.from, options_.until);
    const std::string form = values["as"].as<std::string>();
    if (form != "stac" && form != "safe") throw ConfigError("--as must be stac or safe");
    options_.form = form == "safe" ? ProductForm::safe : ProductForm::stac;
    options_.seed = values["seed"].as<std::uint32_t>();
    options_.revisit_days = values["every-days"].as<int>();
    options_.size_km = values["size-km"].as<double>();
    options_.bands = parse_bands(values["bands"].as<std::string>());
    options_.disturbances = values["disturbances"].as<int>();
    options_.waterside = values["waterside"].as<int>();
    options_.backfilled = values["backfilled"].as<int>();
    options_.decoys = values["decoys"].as<int>();
    if (values.count("plume") != 0) options_.plume = parse_plume(values["plume"].as<std::string>());
    options_.clear_sky = values["clear-sky"].as<bool>();
    options_.sky_labels = values["sky-labels"].as<bool>();
    options_.history_days = values["history-days"].as<int>();
    options_.threads = common_.threads;
    options_.memory_bytes = common_.memory_bytes.value_or(options_.memory_bytes);
  }

  int run() override {
    SimulateReport report;
    {
      Progress progress(common_);
      report = simulate(options_, [&](std::string_view stage, double fraction) { progress(stage, fraction); });
    }
    for (const SimulateReport::OfSite& site : report.sites) {
      spdlog::info("{}: {} products; {} disturbances, {} natural events and decoys", site.id, site.products,
                   site.disturbances, site.others);
    }
    spdlog::info("{:.1f} s; see {}/truth.geojson", report.wall_seconds, options_.out);
    return exit_done;
  }

 private:
  static std::string required(const po::variables_map& values, const char* option, const char* what) {
    if (values.count(option) == 0) throw ConfigError(std::string(what) + " is missing; see pitwatch simulate --help");
    return values[option].as<std::string>();
  }

  CommonOptions common_;
  SimulateOptions options_;
};

}  // namespace

const CommandEntry simulate_entry{"simulate", "simulate --sites FILE --from DATE --to DATE --out DIR [options]",
                                  "makes a series of synthetic scenes with known truth",
                                  []() -> std::unique_ptr<Command> { return std::make_unique<SimulateCommand>(); }};

}  // namespace pitwatch::tools
