#include "pipeline/delivery/alert_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/delivery/atom.hpp"
#include "pipeline/delivery/gis_styles.hpp"
#include "pipeline/delivery/stac.hpp"
#include "pipeline/io/files/atomic_folder.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/json_values.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/files/write_refusal.hpp"
#include "pipeline/io/raster/band_file.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/record/chain.hpp"
#include "pipeline/register/register.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_entries = 200;
constexpr std::uint64_t largest_record_bytes = std::uint64_t{64} << 20;
constexpr std::uint64_t largest_raster_bytes = std::uint64_t{64} << 30;
constexpr const char* cog_type = "image/tiff; application=geotiff; profile=cloud-optimized";
constexpr std::array own_names{"collection.json", "items", "chips", "comparisons", "alerts.geojson",
                               "alerts.gpkg",     "feeds", "qgis",  "mapserver"};

/// The folder goes, so it must be one of ours.
void check_out(const std::string& out) {
  if (printable(out) != out || out.find_first_of("\"\\") != std::string::npos) {
    throw ConfigError("--out: a name with quotes, backslashes or control characters");
  }
  std::error_code error;
  for (fs::directory_iterator it(out, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (std::find(own_names.begin(), own_names.end(), name) == own_names.end()) {
      throw ConfigError("--out " + out + ": holds " + printable(name) + ", which is no part of a published folder");
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw ConfigError("--out " + out + ": " + error.message());
  }
}

/// With a slash at its end; empty where there is none.
std::string base_of(const std::string& url) {
  if (url.empty()) return url;
  try {
    if (!url.starts_with("https://") && !url.starts_with("http://")) throw DataError("neither https nor http");
    if (!parse_remote_url(url).query.empty()) throw DataError("it has a query");
  } catch (const DataError& error) {
    throw ConfigError(std::string("--url: no address of a folder: ") + error.what());
  }
  return url.ends_with('/') ? url : url + "/";
}

/// When the register recorded something of an alert last: an event, or a review.
std::map<std::string, Instant> times_of_change(const std::string& target, const RegisterContent& content) {
  std::map<std::string, Instant> changed;
  const auto note = [&](const std::string& id, const std::optional<Instant>& recorded) {
    if (recorded) changed[id] = std::max(changed[id], *recorded);
  };
  for (const RegisteredEvent& event : read_history(target)) note(event.alert_id, event.recorded_at);
  for (const RegisteredReview& review : content.reviews) note(review.alert_id, review.recorded_at);
  return changed;
}

class Publication {
 public:
  explicit Publication(const PublishOptions& options)
      : options_(options),
        base_(base_of(options.url)),
        content_(read_register(options.register_target)),
        due_chips_(due_chips(options.state)) {
    std::vector<OutlinedAlert> shown;
    for (OutlinedAlert& outlined : content_.alerts) {
      const bool is_shown =
          outlined.alert.status != AlertStatus::superseded && !is_left_out(outlined.alert, options.max_natural);
      if (is_shown) shown.push_back(std::move(outlined));
    }
    content_.alerts = std::move(shown);
  }

  PublishReport write() {
    // A folder that is exchanged has a name of its own, not that of a link to it.
    fs::path place = fs::weakly_canonical(fs::absolute(options_.out));
    if (!place.has_filename()) place = place.parent_path();
    const std::string out = place.string();
    std::error_code error;
    fs::create_directories(fs::path(out).parent_path(), error);
    if (error) {
      expect_may_write(out, error.value());
      throw IoError(options_.out + ": cannot be made: " + error.message());
    }
    AtomicFolder folder(out);
    for (const char* const name : {"items", "chips", "comparisons", "feeds", "qgis", "mapserver"}) {
      folder.make_folder(name);
    }
    // First, with the names by which a review is found that came from another alert.
    folder.write("alerts.gpkg",
                 register_geopackage(options_.register_target, content_.alerts, options_.with_reviewers));
    if (!options_.with_reviewers) withhold_reviewers(content_);
    for (const OutlinedAlert& outlined : content_.alerts) add_alert(folder, outlined);
    for (const std::string& comparison : options_.comparisons) add_comparison(folder, comparison);
    folder.write("collection.json", stac_collection(items_, options_.version, self("collection.json")));
    folder.write("alerts.geojson", alerts_geojson(content_.alerts, {"alerts", {}, {}}));
    add_feeds(folder);
    add_projects(folder, out);
    folder.commit();
    report_.alerts = content_.alerts.size();
    report_.comparisons = rasters_.size();
    return std::move(report_);
  }

 private:
  SelfLink self(const std::string& file) const { return base_.empty() ? SelfLink{} : SelfLink{base_ + file}; }

  StacAsset copied(const AtomicFolder& folder, const std::string& from, const std::string& to) {
    std::error_code error;
    fs::copy_file(from, folder / to, error);
    if (error) throw IoError(options_.out + "/" + to + ": cannot be copied from " + from + ": " + error.message());
    StacAsset asset;
    asset.href = "../" + to;
    asset.type = cog_type;
    asset.bytes = fs::file_size(folder / to);
    asset.sha256 = sha256_file(folder / to);
    return asset;
  }

  void add_alert(const AtomicFolder& folder, const OutlinedAlert& outlined) {
    throw_if_interrupted();
    const Alert& alert = outlined.alert;
    std::vector<StacAsset> assets = chips_of(folder, alert);
    StacAsset all;
    all.key = "alerts";
    all.href = "../alerts.geojson";
    all.title = "All alerts";
    all.type = "application/geo+json";
    all.roles = {"metadata"};
    assets.push_back(std::move(all));
    const std::string file = chip_folder_name(alert.id) + ".json";
    add_item(folder, stac_item_of(outlined, file, assets, options_.version, self("items/" + file)));
  }

  std::vector<StacAsset> chips_of(const AtomicFolder& folder, const Alert& alert) {
    std::vector<StacAsset> assets;
    const std::string place = "chips/" + chip_folder_name(alert.id);
    const std::string site = alert.site.value_or("");
    AlertChips of_alert = alert_chips(options_.state, site, alert.id, due_chips_);
    std::erase(of_alert.missing, observations_name);  // is not published
    const std::string missing = missing_text(chips_folder(options_.state, site, alert.id), of_alert);
    if (!missing.empty()) report_.skipped.emplace_back("chips", printable(missing));
    for (const KeptChip& kept : of_alert.chips) {
      try {
        const Chip chip = read_chip(kept.path);
        if (assets.empty()) folder.make_folder(place);
        const std::string name = fs::path(kept.path).filename().string();
        StacAsset asset = copied(folder, kept.path, place + "/" + name);
        asset.key = name.substr(0, name.rfind('.'));
        asset.title = std::string(pitwatch::name(chip.role)) + ", " + format_instant(chip.acquired);
        asset.roles = {"data", "reflectance"};
        asset.acquired = chip.acquired;
        asset.grid = chip.grid;
        assets.push_back(std::move(asset));
        ++report_.chips;
      } catch (const DataError& error) {
        report_.skipped.emplace_back("chip", printable(error.what()));
      }
    }
    return assets;
  }

  void add_item(const AtomicFolder& folder, StacText item) {
    folder.write("items/" + item.summary.file, item.json);
    items_.push_back(std::move(item.summary));
  }

  /// What compare wrote: its record has the scenes, its mask the grid.
  void add_comparison(const AtomicFolder& folder, const std::string& path) {
    const std::string mask = path + "/mask.tif";
    const std::string score = path + "/score.tif";
    for (const std::string& raster : {mask, score}) {
      if (!size_of_regular_file(raster)) throw DataError(raster + ": not there");
      expect_regular_file(raster, largest_raster_bytes);
    }
    ComparisonFacts facts = facts_of(path + "/run.json");
    facts.grid = BandFile(mask).grid();
    const std::string name = chip_folder_name(facts.id);
    if (!names_.insert(name).second) throw ConfigError(path + ": the same comparison a second time");
    const std::string place = "comparisons/" + name;
    folder.make_folder(place);
    StacAsset classes = copied(folder, mask, place + "/mask.tif");
    classes.key = "mask";
    classes.title = "Class of change by pixel";
    classes.has_classes = true;
    StacAsset evidence = copied(folder, score, place + "/score.tif");
    evidence.key = "score";
    evidence.title = "Evidence that the ground was newly disturbed, 0 to 1";
    for (StacAsset* const asset : {&classes, &evidence}) {
      asset->roles = {"data"};
      asset->grid = facts.grid;
    }
    folder.write(place + "/mask.tif.aux.xml", mask_categories_xml());
    const std::string file = "comparison-" + name + ".json";
    add_item(folder, stac_item_of(facts, file, {classes, evidence}, options_.version, self("items/" + file)));
    rasters_.push_back({name, place, facts.grid.crs});
  }

  static ComparisonFacts facts_of(const std::string& record) {
    try {
      const nlohmann::json run = parse_json(read_whole_file(record, largest_record_bytes));
      if (!run.is_object()) throw DataError("no record of a comparison");
      ComparisonFacts facts;
      std::array<std::string, 2> ids;
      std::array<Instant*, 2> times{&facts.before, &facts.after};
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const nlohmann::json scene = run.value(i == 0 ? "before" : "after", nlohmann::json());
        ids[i] = text_member(scene, "id");
        if (ids[i].empty()) throw DataError("no record of a comparison");
        *times[i] = parse_instant(text_member(scene, "acquired"));
      }
      facts.id = ids[0] + "-" + ids[1];
      return facts;
    } catch (const DataError& error) {
      throw DataError(record + ": " + error.what());
    }
  }

  void add_feeds(const AtomicFolder& folder) const {
    std::map<std::string, Instant> changed = times_of_change(options_.register_target, content_);
    std::vector<FeedEntry> all;
    std::map<std::string, std::vector<FeedEntry>> by_site;
    for (const OutlinedAlert& outlined : content_.alerts) {
      const Alert& alert = outlined.alert;
      const Instant updated = std::max(changed[alert.id], alert.first_detected);
      all.push_back({&outlined, updated, "../items/" + chip_folder_name(alert.id) + ".json"});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const FeedEntry& a, const FeedEntry& b) { return a.updated > b.updated; });
    for (const FeedEntry& entry : all) {
      std::vector<FeedEntry>& of_site = by_site[entry.alert->alert.site.value_or("")];
      if (of_site.size() < most_entries) of_site.push_back(entry);
    }
    all.resize(std::min(all.size(), most_entries));
    const auto write = [&](const std::string& title, const std::string& file, const std::vector<FeedEntry>& entries) {
      folder.write("feeds/" + file, atom_feed(title, file, entries, base_, options_.version));
    };
    write("Pitwatch alerts", "all.atom", all);
    for (const auto& [site, entries] : by_site) {
      // The name cannot be that of the feed of all.
      if (!site.empty()) write("Pitwatch alerts: " + site, "site-" + chip_folder_name(site) + ".atom", entries);
    }
  }

  void add_projects(const AtomicFolder& folder, const std::string& out) const {
    std::array<double, 4> extent{180, 90, -180, -90};
    for (const StacItemSummary& item : items_) {
      extent = {std::min(extent[0], item.bbox[0]), std::min(extent[1], item.bbox[1]), std::max(extent[2], item.bbox[2]),
                std::max(extent[3], item.bbox[3])};
    }
    if (items_.empty()) extent = {-180, -90, 180, 90};
    folder.write("qgis/pitwatch.qgs", qgis_project(rasters_, extent, options_.version));
    folder.write("qgis/alerts-status.qml", alerts_qml("status"));
    folder.write("qgis/alerts-class.qml", alerts_qml("class"));
    folder.write("qgis/mask.qml", mask_qml());
    folder.write("qgis/score.qml", score_qml());
    folder.write("mapserver/pitwatch.map", mapserver_map(extent));
    folder.write("mapserver/pitwatch.conf", mapserver_config(out + "/mapserver/pitwatch.map"));
  }

  const PublishOptions& options_;
  std::string base_;
  RegisterContent content_;
  DueChips due_chips_;
  std::vector<StacItemSummary> items_;
  std::vector<PublishedRasters> rasters_;
  std::set<std::string> names_;
  PublishReport report_;
};

}  // namespace

PublishReport publish(const PublishOptions& options) {
  check_out(options.out);
  return Publication(options).write();
}

}  // namespace pitwatch
