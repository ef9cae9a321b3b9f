#include "tools/command_fetch.hpp"

#include <spdlog/spdlog.h>

#include "pipeline/core/error.hpp"
#include "pipeline/run/fetch.hpp"
#include "tools/common_options.hpp"
#include "tools/logging.hpp"
#include "tools/monitor_options.hpp"
#include "tools/output_guard.hpp"
#include "tools/source_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

constexpr double largest_buffer_m = 20'000;

std::vector<Band> parse_bands(const std::string& text) {
  std::vector<Band> bands;
  for (const std::string& part : split_list(text)) {
    const auto band = band_from_name(part);
    if (!band) throw ConfigError("--bands: not a band: '" + part + "'");
    bands.push_back(*band);
  }
  return bands;
}

std::string joined(const std::vector<Band>& bands) {
  std::string text;
  for (const Band band : bands) text += (text.empty() ? "" : ",") + std::string(name(band));
  return text;
}

class FetchCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of fetch");
    const FetchOptions defaults;
    description.add_options()  //
        ("source", po::value<std::string>()->value_name("SOURCE"),
         "URL of a STAC API, or a folder or catalog of STAC items; also the first argument")               //
        ("sites", po::value<std::string>()->value_name("FILE"), "vector file of sites: polygons with id")  //
        ("out,o", po::value<std::string>()->value_name("DIR"), "folder of the mirror; made if missing")    //
        ("from", po::value<std::string>()->value_name("DATE"), "only scenes acquired from here on")        //
        ("to", po::value<std::string>()->value_name("DATE"),
         "only scenes acquired up to here; a day whole; also --until")  //
        ("bands", po::value<std::string>()->value_name("LIST")->default_value(joined(defaults.bands)),
         "bands to bring; scenes that lack one are skipped")  //
        ("buffer-m", po::value<double>()->value_name("M")->default_value(defaults.buffer_m, "300"),
         "that run will watch around the bounds of each site, metres, 0..20000");
    add_source_options(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {"source"}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    options_.source = required_option(values, "source", "SOURCE", "fetch");
    options_.sites = required_option(values, "sites", "--sites FILE", "fetch");
    options_.out = required_option(values, "out", "--out DIR", "fetch");
    check_out_folder("out", options_.out);
    options_.from = parse_period_begin(values);
    options_.until = parse_period_end(values);
    check_period(options_.from, options_.until);
    options_.bands = parse_bands(values["bands"].as<std::string>());
    options_.buffer_m = values["buffer-m"].as<double>();
    if (!(options_.buffer_m >= 0 && options_.buffer_m <= largest_buffer_m)) {
      throw ConfigError("--buffer-m must be 0 to 20000");
    }
    options_.network = read_source_options(values);
    options_.threads = common_.threads;
  }

  int run() override {
    FetchReport report;
    {
      Progress progress(common_);
      report = fetch(options_, [&](std::string_view stage, double fraction) { progress(stage, fraction); });
    }
    for (const auto& [what, why] : report.skipped) spdlog::warn("{}: {}", what, why);
    for (const auto& [what, why] : report.superseded) spdlog::debug("{} left out: {}", what, why);
    spdlog::info("{} scenes fetched, {} were there; {:.1f} MB received; see {}", report.fetched, report.were_there,
                 static_cast<double>(report.bytes_received) / 1e6, options_.out);
    if (report.fetched + report.were_there == 0) {
      spdlog::error("{}: no scene could be fetched", redacted(options_.source));
      return exit_no_data;
    }
    return report.skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  CommonOptions common_;
  FetchOptions options_;
};

}  // namespace

const CommandEntry fetch_entry{"fetch", "fetch SOURCE --sites FILE --out DIR [options]",
                               "brings the watched ground of an archive's scenes to this machine, as a source for run",
                               []() -> std::unique_ptr<Command> { return std::make_unique<FetchCommand>(); }};

}  // namespace pitwatch::tools
