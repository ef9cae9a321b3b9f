#include "tools/command_account.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>
#include <set>

#include "pipeline/account/account.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/raster/png_writer.hpp"
#include "tools/common_options.hpp"
#include "tools/file_names.hpp"
#include "tools/logging.hpp"
#include "tools/monitor_options.hpp"
#include "tools/output_guard.hpp"
#include "tools/register_options.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

constexpr int png_scale = 2;
constexpr double m2_per_ha = 1e4;

std::string ha_text(std::int64_t m2) { return fixed_text(static_cast<double>(m2) / m2_per_ha, 2); }

std::string range_text(const EstimatedArea& area) {
  return fixed_text(area.value_ha, 2) + " (" + fixed_text(area.lower_ha, 2) + " to " + fixed_text(area.upper_ha, 2) +
         ")";
}

/// The rows of the last date of each site.
TextTable summary_of(const Account& account) {
  TextTable table{
      {"site", "date", "class", "objects", "disturbed_ha", "estimate_ha", "recovered_ha", "net_ha", "net_estimate_ha"}};
  for (const AccountSite& site : account.sites) {
    for (const LedgerRow& row : site.rows) {
      if (row.at != site.rows.back().at) continue;
      table.push_back({site.site, format_day(row.at), row.change_class ? std::string(name(*row.change_class)) : "all",
                       std::to_string(row.objects), ha_text(row.disturbed_m2), range_text(row.disturbed),
                       ha_text(row.recovered_m2), ha_text(row.net_m2), range_text(row.net)});
    }
  }
  return table;
}

class AccountCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description what("What is counted");
    what.add_options()                                                                               //
        ("site", po::value<std::string>()->value_name("ID,..."), "these sites alone; default: all")  //
        ("from", po::value<std::string>()->value_name("DATE"),
         "rows from here on; what was disturbed before counts in them")  //
        ("to", po::value<std::string>()->value_name("DATE"),
         "what happened later did not; a day whole; also --until")  //
        ("dates", po::value<std::string>()->value_name("WHICH")->default_value("changes"),
         "changes: acquisitions at which something changed; months: ends of months")  //
        ("max-natural", po::value<double>()->value_name("P")->default_value(default_max_natural, "0.8"),
         "alerts that are likelier than this to be natural do not count, 0..1")  //
        ("recovery", po::bool_switch(),
         "how each piece of ground recovers: all acquisitions at the sites are looked at again, as inspect does; needs "
         "--sites, --source and the options that run has")  //
        ("reference", po::value<std::string>()->value_name("FILE"),
         "a reference sample, CSV or GeoJSON with map, reference and stratum_area_ha: areas adjusted for omission and "
         "commission");
    po::options_description how("How");
    how.add_options()  //
        ("out,o", po::value<std::string>()->value_name("DIR"),
         "folder, made if missing, for account.csv, account.json, account.geojson, and account-SITE.svg and .png")  //
        ("json", po::bool_switch(), "account.json on stdout, not a table");
    po::options_description recovery("Of --recovery, as of run");
    add_input_options(recovery);
    add_monitor_options(recovery);
    po::options_description all("Options of account");
    all.add(register_options()).add(what).add(how).add(recovery);
    return all;
  }

  std::vector<std::string> positional() const override { return {}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    options_.register_target = register_target(values);
    if (options_.register_target.empty()) {
      throw ConfigError("--state DIR or --register TARGET is missing; see pitwatch account --help");
    }
    if (values.count("state") != 0) options_.state = values["state"].as<std::string>();
    options_.sites = list_option(values, "site");
    options_.from = parse_period_begin(values);
    options_.to = parse_period_end(values);
    check_period(options_.from, options_.to);
    options_.dates = word(values, "dates", "changes", "months") ? AccountDates::changes : AccountDates::months;
    options_.max_natural = values["max-natural"].as<double>();
    if (!(options_.max_natural >= 0 && options_.max_natural <= 1)) throw ConfigError("--max-natural must be 0 to 1");
    if (values.count("reference") != 0) options_.reference = values["reference"].as<std::string>();
    // Asked for by name: a configuration that is shared with run has a source, too, and this takes the time of a run.
    if (values["recovery"].as<bool>()) options_.replay = read_watch_options(values, "account");
    json_ = values["json"].as<bool>();
    if (values.count("out") != 0) out_ = values["out"].as<std::string>();
    if (!out_.empty()) refuse_lost_in(values, "out", out_, {"account.csv", "account.json", "account.geojson"});
    if (out_.empty() && !json_) throw ConfigError("--out DIR is missing (or --json); see pitwatch account --help");
  }

  int run() override {
    Account result;
    {
      Progress progress(common_);
      result = account(options_, [&](std::string_view stage, double fraction) { progress(stage, fraction); });
    }
    for (const std::string& remark : result.remarks) spdlog::warn("{}", remark);
    for (const auto& [what, why] : result.skipped) spdlog::warn("{}: {}", what, why);
    if (!out_.empty()) write(result);
    if (json_) {
      std::cout << account_json(result);
    } else {
      std::cout << aligned(summary_of(result));
    }
    return result.skipped.empty() ? exit_done : exit_skipped;
  }

 private:
  /// Whether an option has the first of two words. Throws ConfigError for neither.
  static bool word(const po::variables_map& values, const char* option, std::string_view first,
                   std::string_view second) {
    const auto& text = values[option].as<std::string>();
    if (text != first && text != second) {
      throw ConfigError("--" + std::string(option) + ": '" + text + "' is neither " + std::string(first) + " nor " +
                        std::string(second));
    }
    return text == first;
  }

  void write(const Account& result) const {
    std::error_code error;
    fs::create_directories(out_, error);
    if (error) throw ConfigError("--out " + out_ + ": cannot be made: " + error.message());
    const fs::path folder(out_);
    write_file_atomically((folder / "account.csv").string(), account_csv(result));
    write_file_atomically((folder / "account.json").string(), account_json(result));
    write_file_atomically((folder / "account.geojson").string(), account_geojson(result));
    std::set<std::string> names;
    for (const AccountSite& site : result.sites) {
      const std::string path = (folder / ("account-" + file_part(site.site, names))).string();
      const Drawing plot = account_plot(site);
      write_file_atomically(path + ".svg", svg_of(plot));
      const Picture picture = picture_of(plot, png_scale);
      write_png(path + ".png", picture.width, picture.height, picture.rgb);
    }
  }

  CommonOptions common_;
  AccountOptions options_;
  std::string out_;
  bool json_ = false;
};

}  // namespace

const CommandEntry account_entry{"account", "account --state DIR --out DIR [options]",
                                 "hectares disturbed by site, date and class with their uncertainty, objects, recovery",
                                 []() -> std::unique_ptr<Command> { return std::make_unique<AccountCommand>(); }};

}  // namespace pitwatch::tools
