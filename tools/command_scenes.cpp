#include "tools/command_scenes.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "pipeline/acquisition/checks.hpp"
#include "pipeline/acquisition/choice.hpp"
#include "pipeline/acquisition/editions.hpp"
#include "pipeline/acquisition/mosaic.hpp"
#include "pipeline/acquisition/scene_views.hpp"
#include "pipeline/acquisition/source.hpp"
#include "pipeline/acquisition/taken_for_granted.hpp"
#include "pipeline/compare/pair_inputs.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/scenes/scene_source.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/schedule/arena.hpp"
#include "tools/check_options.hpp"
#include "tools/common_options.hpp"
#include "tools/logging.hpp"
#include "tools/source_options.hpp"
#include "tools/text_table.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

using nlohmann::ordered_json;

/// A scene and what becomes of it.
struct Row {
  Scene scene;
  std::vector<PlaceView> sites;  // those that it touches
  std::string reason;            // why it is not used; empty: it is
  OffsetReport offsets;
};

/// Of the numbers as they are stored.
float offset_of(const BandAsset& asset) {
  const bool is_coded = asset.layer.coding == PixelCoding::reflectance;
  return is_coded ? static_cast<float>(asset.layer.offset) : asset.calibration.offset;
}

std::optional<float> common_offset(const Scene& scene) {
  std::optional<float> common;
  for (const auto& [band, asset] : scene.bands) {
    if (!is_reflectance(band)) continue;
    if (common && *common != offset_of(asset)) return std::nullopt;
    common = offset_of(asset);
  }
  return common;
}

std::string number_text(double value) { return fmt::format("{:.4g}", value); }

std::string offset_text(const Scene& scene) {
  if (const auto common = common_offset(scene)) return number_text(*common);
  std::string text;
  for (const auto& [band, asset] : scene.bands) {
    if (!is_reflectance(band)) continue;
    text += (text.empty() ? "" : ",") + std::string(name(band)) + "=" + number_text(offset_of(asset));
  }
  return text;
}

std::string percent_text(const std::optional<double>& percent) {
  return percent ? fmt::format("{:.1f}", *percent) : "-";
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string table_text(const std::vector<Row>& rows, const std::vector<ViewedPlace>& places,
                       const std::vector<RejectedItem>& rejected) {
  TextTable table;
  std::vector<std::string> titles{"id", "acquired", "level", "baseline", "offset", "cloud %"};
  for (const ViewedPlace& place : places) titles.push_back(place.id + " cloud %");
  titles.emplace_back("use");
  table.push_back(std::move(titles));
  for (const Row& row : rows) {
    std::vector<std::string> cells{row.scene.id,
                                   format_instant(row.scene.acquired),
                                   or_dash(row.scene.level),
                                   or_dash(row.scene.processing_baseline),
                                   or_dash(offset_text(row.scene)),
                                   percent_text(row.scene.cloud_cover)};
    for (const ViewedPlace& place : places) {
      const auto found = std::find_if(row.sites.begin(), row.sites.end(),
                                      [&](const PlaceView& view) { return view.place == place.id; });
      const bool known = found != row.sites.end() && found->shares.has_value();
      cells.push_back(percent_text(known ? std::optional(100 * found->shares->cloud) : std::nullopt));
    }
    cells.push_back(row.reason.empty() ? "yes" : "no: " + row.reason);
    table.push_back(std::move(cells));
  }
  std::string text = aligned(table);
  for (const RejectedItem& item : rejected) text += "rejected  " + item.path + ": " + item.reason + "\n";
  return text;
}

template <class Value>
ordered_json or_null(const std::optional<Value>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

/// 0.0731 and not 0.07309999...: shares of pixels need no more places.
double rounded(double value) { return std::stod(fmt::format("{:.4f}", value)); }

ordered_json json_of(const Row& row) {
  const Scene& scene = row.scene;
  ordered_json object{{"id", scene.id},
                      {"path", redacted(scene.source)},
                      {"acquired", format_instant(scene.acquired)},
                      {"processed", scene.processed ? ordered_json(format_instant(*scene.processed)) : ordered_json()},
                      {"tile", text_or_null(scene.tile)},
                      {"platform", text_or_null(scene.platform)},
                      {"level", text_or_null(scene.level)},
                      {"processing_baseline", text_or_null(scene.processing_baseline)}};
  object["offsets"] = ordered_json::object();
  for (const auto& [band, asset] : scene.bands) {
    // The shortest decimal that is this float.
    if (is_reflectance(band))
      object["offsets"][std::string(name(band))] = std::stod(fmt::format("{}", offset_of(asset)));
  }
  object["offset_rule"] = text_or_null(scene.offsets.rule);
  object["offset_contradictions"] = scene.offsets.contradictions;
  object["offset_pixels"] = {{"verdict", verdict_name(row.offsets.finding.verdict)},
                             {"finding", row.offsets.finding.text}};
  object["cloud_percent"] = or_null(scene.cloud_cover);
  object["sites"] = ordered_json::array();
  for (const PlaceView& view : row.sites) {
    ordered_json of_site{{"id", view.place}};
    if (view.shares) {
      of_site["nodata_percent"] = rounded(100 * view.shares->nodata);
      of_site["cloud_percent"] = rounded(100 * view.shares->cloud);
      of_site["shadow_percent"] = rounded(100 * view.shares->shadow);
      of_site["snow_percent"] = rounded(100 * view.shares->snow);
      of_site["clear_percent"] = rounded(100 * view.shares->clear);
    }
    object["sites"].push_back(std::move(of_site));
  }
  object["used"] = row.reason.empty();
  object["reason"] = text_or_null(row.reason);
  return object;
}

std::string json_text(const std::string& source, const std::vector<Row>& rows,
                      const std::vector<RejectedItem>& rejected) {
  ordered_json document{{"source", source}, {"scenes", ordered_json::array()}, {"rejected", ordered_json::array()}};
  for (const Row& row : rows) document["scenes"].push_back(json_of(row));
  for (const RejectedItem& item : rejected) {
    document["rejected"].push_back({{"path", item.path}, {"reason", item.reason}});
  }
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

class ScenesCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of scenes");
    description.add_options()  //
        ("source", po::value<std::string>()->value_name("SOURCE"),
         "folder with STAC items, SAFE products (folders, .zip) or AWS tiles, a local STAC catalog, collection, "
         "ItemCollection or item, the URL of a STAC API or of an item; also the first argument")
        //
        ("sites", po::value<std::string>()->value_name("FILE"),
         "vector file of sites: polygons with id; shares of cloud over each, and scenes that show none are not used")
        //
        ("from", po::value<std::string>()->value_name("DATE"), "only scenes acquired from here on")  //
        ("to", po::value<std::string>()->value_name("DATE"),
         "only scenes acquired up to here; a day whole; also --until")  //
        ("json", po::bool_switch(), "JSON on stdout, not a table");
    add_offset_check_option(description);
    add_source_options(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {"source"}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    if (values.count("source") == 0) throw ConfigError("SOURCE is missing; see pitwatch scenes --help");
    source_ = values["source"].as<std::string>();
    if (values.count("sites") != 0) sites_ = values["sites"].as<std::string>();
    from_ = parse_period_begin(values);
    to_ = parse_period_end(values);
    check_period(from_, to_);
    json_ = values["json"].as<bool>();
    offset_check_ = read_check_options(values).offsets;
    network_ = read_source_options(values);
  }

  int run() override {
    std::vector<ViewedPlace> places;
    std::vector<RejectedSite> no_sites;
    if (!sites_.empty()) {
      const std::vector<Site> sites = read_sites(sites_, no_sites);
      const std::map<std::string, LonLatMultiPolygon> outlines = read_site_outlines(sites_);
      for (const Site& site : sites) places.push_back(viewed_place(site.id, site_grid(site), outlines.at(site.id)));
    }
    for (const RejectedSite& site : no_sites) spdlog::error("{}: {}", site.what, site.reason);
    SourceSearch search{{}, from_, to_};
    for (const ViewedPlace& place : places) search.places.push_back(place.box);
    SourceListing listing;
    std::vector<Row> rows;
    in_arena(common_.threads, [&] {
      // Of metadata alone: files that cannot be read are no reason for refusal.
      listing = places.empty() ? list_source(source_, network_, search) : list_readable(source_, network_, search);
      rows = judge(std::move(listing.scenes), places);
    });
    std::cout << (json_ ? json_text(redacted(source_), rows, listing.rejected)
                        : table_text(rows, places, listing.rejected));
    TakenForGranted taken;
    for (const Row& row : rows) {
      if (row.reason.empty()) taken.add(row.scene);
    }
    for (const auto& [scene, what] : taken.told()) spdlog::warn("{}: {}", scene, what);
    const auto used = std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.reason.empty(); });
    spdlog::info("{} scenes, {} used; {} items rejected", rows.size(), used, listing.rejected.size());
    if (used == 0) {
      spdlog::error("{}: no scene that can be used", redacted(source_));
      return exit_no_data;
    }
    return listing.rejected.empty() && no_sites.empty() ? exit_done : exit_skipped;
  }

 private:
  bool is_in_period(const Scene& scene) const {
    return (!from_ || scene.acquired >= *from_) && (!to_ || scene.acquired <= *to_);
  }

  static Row unused(Scene scene, std::string reason) {
    OffsetReport offsets = check_offsets_without_pixels(scene, OffsetCheck::off, "not looked at");
    return {std::move(scene), {}, std::move(reason), std::move(offsets)};
  }

  /// Rows in the order of the listing.
  std::vector<Row> judge(std::vector<ListedScene> scenes, const std::vector<ViewedPlace>& places) const {
    std::erase_if(scenes, [&](const ListedScene& listed) { return !is_in_period(listed.scene); });
    std::vector<Row> rows;
    // What lacks a band must not stand in the way of another edition that has it.
    std::erase_if(scenes, [&](ListedScene& listed) {
      const std::string missing = missing_bands(listed.scene, required_bands);
      if (missing.empty()) return false;
      rows.push_back(unused(std::move(listed.scene), "no asset for" + missing));
      return true;
    });
    SceneChoice choice = choose_one_per_datatake(std::move(scenes));
    for (SupersededScene& left : choice.superseded) {
      rows.push_back(unused(std::move(left.scene.scene), std::move(left.reason)));
    }
    std::vector<ListedScene> parts;
    for (Datatake& datatake : choice.datatakes) {
      std::move(datatake.parts.begin(), datatake.parts.end(), std::back_inserter(parts));
    }
    FileMemory memory(network_.memory, "views", source_);
    Progress progress(common_);
    std::vector<SceneView> views = view_scenes(parts, places, offset_check_, memory, [&](std::size_t viewed) {
      progress("scenes", static_cast<double>(viewed) / static_cast<double>(parts.size()));
    });
    memory.save();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      SceneView& view = views[i];
      rows.push_back(
          {std::move(parts[i].scene), std::move(view.places), std::move(view.reason), std::move(view.offsets)});
    }
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return std::tie(a.scene.acquired, a.scene.tile, a.scene.id, a.scene.source) <
             std::tie(b.scene.acquired, b.scene.tile, b.scene.id, b.scene.source);
    });
    return rows;
  }

  CommonOptions common_;
  std::string source_;
  std::string sites_;
  std::optional<Instant> from_;
  std::optional<Instant> to_;
  NetworkOptions network_;
  OffsetCheck offset_check_ = OffsetCheck::refuse;
  bool json_ = false;
};

}  // namespace

const CommandEntry scenes_entry{"scenes", "scenes SOURCE [--sites FILE] [--from DATE] [--to DATE] [--json]",
                                "lists what a source holds and how each scene would be read",
                                []() -> std::unique_ptr<Command> { return std::make_unique<ScenesCommand>(); }};

}  // namespace pitwatch::tools
