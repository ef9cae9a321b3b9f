#include "pipeline/watch/watched_site.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <string_view>
#include <utility>

#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/reader.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/renamed_options.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/report/versions.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t id_digits = 12;

void check(const WatchOptions& options) {
  if (options.history_days < 60 || options.history_days > 36500)
    throw ConfigError("--history-days must be 60 to 36500");
  if (!(options.buffer_m >= 0 && options.buffer_m <= 20000)) throw ConfigError("--buffer-m must be 0 to 20000");
  if (options.from && options.until && *options.until < *options.from) {
    throw ConfigError("the end of the period is before its beginning");
  }
  check(options.light);
  check(options.masks);
  if (options.light.normalise && !more_bands_of(options.thresholds.monitor.extra).empty()) {
    throw ConfigError("--normalise knows the level of B02, B03, B04, B08, B11 and B12 alone: a --feature reads " +
                      std::string(name(more_bands_of(options.thresholds.monitor.extra).front())));
  }
}

/// Program version, and a hash of what changes the result at a site.
std::string algorithm_of(const WatchOptions& options, const std::string& light) {
  std::ostringstream text;
  text << options.history_days << ' ' << options.buffer_m;
  const CourseOptions defaults;
  for_each_option(options.thresholds, [&](const char* name, const char*, auto value, const OptionRange&) {
    // Newer than states of format 2, which know their options by this hash alone.
    const std::string_view option = name;
    if ((option == "class-probability" && static_cast<double>(value) == defaults.class_probability) ||
        (option == "class-margin" && static_cast<double>(value) == defaults.class_margin) ||
        (option == "class-observations" && static_cast<double>(value) == defaults.class_observations)) {
      return;
    }
    text << ' ' << hashed_name(name) << '=' << value;
  });
  // Scenes that are only warned of are used, as they are without a check.
  text << " refuse=" << (options.checks.offsets == OffsetCheck::refuse) << " gate=" << options.checks.gate
       << text_of(options.masks) << light;
  const ExtraFeatures& extra = options.thresholds.monitor.extra;
  if (extra.size() > 0) text << " features=" << extra.text();
  return "pitwatch " + program_version() + " " + sha256_text(text.str()).substr(0, id_digits);
}

template <typename Number>
std::string shortest(Number value) {
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

std::string day_text(const std::optional<Instant>& day) { return day ? format_instant(*day) : "none"; }

std::string word(bool is_on) { return is_on ? "on" : "off"; }

/// All that algorithm_of() goes by, and the period that is learnt from.
OptionTexts in_clear(const WatchOptions& options, const Site& site, const std::string& light) {
  OptionTexts texts = options_in_clear(options);
  texts.emplace_back("baseline_from", day_text(site.baseline_from));
  texts.emplace_back("baseline_to", day_text(site.baseline_to));
  texts.emplace_back("light", light);
  return texts;
}

/// The options of a site: those of all, but for what the site sets itself.
WatchOptions options_of(const Site& site, WatchOptions options) {
  try {
    for (const auto& [name, value] : site.overrides) set_option(options.thresholds, name, value);
  } catch (const ConfigError& error) {
    throw ConfigError("site '" + site.id + "': monitor: " + error.what());
  }
  return options;
}

}  // namespace

OptionTexts options_in_clear(const WatchOptions& options) {
  OptionTexts texts{{"history-days", shortest(options.history_days)}, {"buffer-m", shortest(options.buffer_m)}};
  for_each_option(options.thresholds, [&](const char* name, const char*, auto value, const OptionRange&) {
    texts.emplace_back(name, shortest(value));
  });
  texts.emplace_back("offset-check refuse", word(options.checks.offsets == OffsetCheck::refuse));
  texts.emplace_back("gate", word(options.checks.gate));
  texts.emplace_back("masks", text_of(options.masks));
  const ExtraFeatures& extra = options.thresholds.monitor.extra;
  if (extra.size() > 0) texts.emplace_back("features", extra.text());
  return texts;
}

OptionTexts overrides_in_clear(const Site& site) {
  OptionTexts texts;
  for (const auto& [name, value] : site.overrides) texts.emplace_back(present_name(name), shortest(value));
  return texts;
}

std::vector<WatchedSite> watched_sites(const WatchOptions& options, std::vector<RejectedSite>& rejected) {
  check(options);
  std::vector<WatchedSite> sites;
  std::vector<std::string> names;
  for_each_option(options.thresholds,
                  [&](const char* name, const char*, auto, const OptionRange&) { names.emplace_back(name); });
  for (Site& site : read_sites(options.sites, rejected, names)) {
    WatchOptions own = options_of(site, options);
    const std::string light = light_text(own.light, site_grid(site, own.buffer_m));
    std::string algorithm = algorithm_of(own, light);
    OptionTexts texts = in_clear(own, site, light);
    sites.push_back({std::move(site), std::move(own), std::move(algorithm), std::move(texts)});
  }
  for (const std::string& id : options.relearn_sites) {
    const auto is_it = [&](const WatchedSite& watched) { return watched.site.id == id; };
    if (std::none_of(sites.begin(), sites.end(), is_it)) {
      throw ConfigError("--relearn: no site '" + id + "' in " + options.sites);
    }
  }
  return sites;
}

SourceSearch search_for(const std::vector<WatchedSite>& sites) {
  SourceSearch search;
  bool all_begin = !sites.empty();
  for (const WatchedSite& watched : sites) {
    search.places.push_back(degree_box(site_grid(watched.site, watched.options.buffer_m)));
    search.until = watched.options.until;
    all_begin = all_begin && watched.site.baseline_from.has_value();
  }
  if (!all_begin) return search;
  search.from = sites.front().site.baseline_from;
  for (const WatchedSite& watched : sites) search.from = std::min(search.from, watched.site.baseline_from);
  return search;
}

}  // namespace pitwatch
