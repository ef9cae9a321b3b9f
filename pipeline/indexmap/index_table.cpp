#include "pipeline/indexmap/index_table.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "pipeline/acquisition/taken_for_granted.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/geo/lonlat_shapes.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/vector/sites.hpp"
#include "pipeline/plot/time_plot.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/schedule/slot_pipeline.hpp"

namespace pitwatch {
namespace {

constexpr std::int64_t gdal_cache_bytes = std::int64_t{16} << 20;

/// A site on its grid.
struct Place {
  std::string id;
  Grid grid;
  BurntShape shape;
  std::int64_t pixels = 0;
  std::vector<IndexAcquisition> acquisitions;
};

std::vector<Place> places_of(const IndexTableOptions& options, IndexTable& table) {
  std::vector<RejectedSite> rejected;
  const std::vector<Site> sites = read_sites(options.sites, rejected);
  for (const RejectedSite& site : rejected) table.skipped.emplace_back(site.what, site.reason);
  const std::map<std::string, LonLatMultiPolygon> outlines = read_site_outlines(options.sites);
  std::vector<Place> places;
  for (const Site& site : sites) {
    Place place{site.id, site_grid(site), {}, 0, {}};
    const LonLatMultiPolygon* const outline = &outlines.at(site.id);
    place.shape = std::move(burn_shapes(std::span(&outline, 1), place.grid).front());
    for (int y = 0; y < place.shape.window.height; ++y) {
      place.pixels += std::count(place.shape.inside.row(y), place.shape.inside.row(y) + place.shape.window.width, 1);
    }
    if (place.pixels == 0) {
      table.skipped.emplace_back(site.id, "no pixel's centre lies in its polygon");
    } else {
      places.push_back(std::move(place));
    }
  }
  if (places.empty()) throw DataError(options.sites + ": no site that holds a pixel");
  return places;
}

/// How much of a site an acquisition shows.
struct Seen {
  std::int64_t measured = 0;
  std::int64_t clear = 0;
};

Seen seen_of(const Place& place, const Mosaic& ground) {
  Seen seen;
  const Window& window = place.shape.window;
  for (int y = 0; y < window.height; ++y) {
    const std::uint8_t* const inside = place.shape.inside.row(y);
    const MaskBits* const mask = ground.mask.row(window.y + y) + window.x;
    int measured = 0;
    int clear = 0;
    for (int x = 0; x < window.width; ++x) {
      measured += inside[x] & ((mask[x] & mask_nodata) == 0 ? 1 : 0);
      clear += inside[x] & (mask[x] == mask_clear ? 1 : 0);
    }
    seen.measured += measured;
    seen.clear += clear;
  }
  return seen;
}

/// Values of an index in the polygon, in the order of rows: of the pixels that have one.
PixelVector<float> values_over(const Place& place, const Mosaic& ground, const IndexPlan& plan) {
  const Window& window = place.shape.window;
  const auto width = static_cast<std::size_t>(window.width);
  PixelVector<double> scratch;
  scratch.resize(plan.scratch_size());
  PixelVector<float> row;
  row.resize(width);
  const std::array<float*, 1> output{row.data()};
  std::vector<const Plane<float>*> bands;
  for (const Band band : plan.bands) bands.push_back(&ground.reflectance.at(band));
  std::vector<kernels::InputRow> inputs(bands.size());
  PixelVector<float> values;
  values.resize(static_cast<std::size_t>(place.pixels) + 1);  // each is written before it is known to count
  std::size_t count = 0;
  for (int y = 0; y < window.height; ++y) {
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i].values = bands[i]->row(window.y + y) + window.x;
    evaluate(plan, inputs, ground.mask.row(window.y + y) + window.x, width, scratch.data(), output);
    const std::uint8_t* const inside = place.shape.inside.row(y);
    for (std::size_t x = 0; x < width; ++x) {
      values[count] = row[x];
      count += inside[x] & (row[x] == row[x] ? 1U : 0U);
    }
  }
  values.resize(count);
  return values;
}

/// The work: each acquisition over each site is a job.
class TableRun {
 public:
  TableRun(const IndexRequest& request, const IndexTableOptions& options, const ProgressSink& progress)
      : request_(request), options_(options), progress_(progress), plan_(request.plan()) {
    for (std::size_t i = 0; i < request.indices.size(); ++i) plans_.push_back(request.plan(i, 1));
  }

  IndexTable run() {
    places_ = places_of(options_, table_);
    find_acquisitions();
    read_all();
    if (table_.rows.empty())
      throw DataError(redacted(options_.source) + ": no acquisition shows a site" + first_reason());
    name_unseen();
    for (auto& one : taken_.told()) table_.warnings.push_back(std::move(one));
    return std::move(table_);
  }

 private:
  struct Slot {
    std::size_t place = 0;
    std::size_t acquisition = 0;
    std::vector<IndexTableRow> rows;
    SkippedScenes warnings;
    std::optional<std::string> refused;
  };

  void find_acquisitions() {
    SourceSearch search{{}, options_.period.from, options_.period.until};
    for (const Place& place : places_) search.places.push_back(degree_box(place.grid));
    SourceListing listing = list_readable(options_.source, options_.network, search, options_.given);
    if (options_.before_reading) {
      std::vector<std::string> ids;
      for (const Place& place : places_) ids.push_back(place.id);
      options_.before_reading(SourceFiles(options_.source, listing, {options_.sites}), ids);
    }
    for (std::size_t i = 0; i < places_.size(); ++i) {
      SkippedScenes skipped;
      places_[i].acquisitions = choose_acquisitions(listing, options_.period.from, options_.period.until, plan_.bands,
                                                    search.places[i], skipped, places_[i].grid.crs);
      for (auto& one : skipped) add_once(table_.skipped, std::move(one));
      jobs_ += places_[i].acquisitions.size();
    }
    if (jobs_ == 0) {
      throw DataError(redacted(options_.source) + ": no acquisition over the sites" + first_reason());
    }
  }

  void name_unseen() {
    for (const Place& place : places_) {
      const auto is_its = [&](const IndexTableRow& row) { return row.site == place.id; };
      if (std::any_of(table_.rows.begin(), table_.rows.end(), is_its)) continue;
      table_.skipped.emplace_back("site " + place.id, "no acquisition that can be used shows it");
    }
  }

  std::string first_reason() const {
    return table_.skipped.empty() ? "" : "; " + table_.skipped.front().first + ": " + table_.skipped.front().second;
  }

  /// So many at once as fit.
  std::size_t slot_count(std::int64_t budget) const {
    std::int64_t most = 1;
    // Indices whose values are there at once.
    const auto at_once = std::min(static_cast<std::int64_t>(plan_.outputs), std::int64_t{std::max(1, arena_threads())});
    for (const Place& place : places_) {
      for (const IndexAcquisition& one : place.acquisitions) {
        const std::int64_t of_values = place.pixels * at_once * static_cast<std::int64_t>(sizeof(float));
        most = std::max(most, of_values + read_ground_bytes(one, place.grid, plan_.bands.size(), options_.reading));
      }
    }
    if (most > budget) throw ConfigError("--memory: too little for the largest site");
    return static_cast<std::size_t>(std::clamp<std::int64_t>(budget / most, 1, std::max(1, arena_threads())));
  }

  void read_all() {
    const std::int64_t of_blocks = options_.memory_bytes / 4;
    BlockCache blocks(of_blocks);
    std::vector<Slot> slots(std::min(jobs_, slot_count(options_.memory_bytes - of_blocks)));
    std::size_t place = 0;
    std::size_t acquisition = 0;
    std::size_t done = 0;
    run_slots(
        std::span(slots),
        [&](Slot& slot) {
          while (place < places_.size() && acquisition == places_[place].acquisitions.size()) {
            ++place;
            acquisition = 0;
          }
          if (place == places_.size()) return false;
          slot = {place, acquisition++, {}, {}, {}};
          return true;
        },
        [&](Slot& slot) { read(slot, blocks); },
        [&](Slot& slot) {
          take(slot);
          progress_("acquisitions", static_cast<double>(++done) / static_cast<double>(jobs_));
        });
  }

  void read(Slot& slot, BlockCache& blocks) {
    const Place& place = places_[slot.place];
    const IndexAcquisition& acquisition = place.acquisitions[slot.acquisition];
    Mosaic ground;
    try {
      check_acquisition(acquisition, options_.reading, offsets_, blocks, slot.warnings);
      for (const Scene& part : acquisition.parts) {
        refuse_unfit_part(part, place.grid, plan_.bands, options_.reading, blocks);
      }
      OpenBands files;
      ground = read_ground(acquisition, place.grid, plan_.bands, options_.reading, blocks, &files);
    } catch (const DataError& error) {
      slot.refused = error_chain(error);
      return;
    }
    const Seen seen = seen_of(place, ground);
    if (seen.measured == 0) return;
    slot.rows.resize(plan_.outputs);
    in_parallel(static_cast<int>(plan_.outputs), [&](int number) {
      const auto i = static_cast<std::size_t>(number);
      const PixelVector<float> values = values_over(place, ground, plans_[i]);
      IndexTableRow& row = slot.rows[i];
      row = {place.id,
             acquisition.acquired,
             acquisition.parts.front().id,
             request_.indices[i].name,
             place.pixels,
             seen.clear,
             static_cast<std::int64_t>(values.size()),
             {}};
      if (!values.empty()) row.of_values = statistics_of(values);
    });
  }

  void take(Slot& slot) {
    for (auto& warning : slot.warnings) add_once(table_.warnings, std::move(warning));
    if (slot.refused) {
      add_once(table_.skipped, {places_[slot.place].acquisitions[slot.acquisition].parts.front().id, *slot.refused});
    }
    if (!slot.rows.empty()) {
      for (const Scene& part : places_[slot.place].acquisitions[slot.acquisition].parts) taken_.add(part);
    }
    for (IndexTableRow& row : slot.rows) table_.rows.push_back(std::move(row));
  }

  static void add_once(SkippedScenes& list, std::pair<std::string, std::string> one) {
    if (std::find(list.begin(), list.end(), one) == list.end()) list.push_back(std::move(one));
  }

  const IndexRequest& request_;
  const IndexTableOptions& options_;
  const ProgressSink& progress_;
  IndexPlan plan_;                // of all indices
  std::vector<IndexPlan> plans_;  // of each: one after the other, their values take the memory of one
  std::vector<Place> places_;
  std::size_t jobs_ = 0;
  OffsetMemory offsets_;
  TakenForGranted taken_;
  IndexTable table_;
};

std::string number_cell(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace

IndexTable index_table(const IndexRequest& request, const IndexTableOptions& options, const ProgressSink& progress) {
  initialise_gdal(gdal_cache_bytes);
  const KeptPixels kept;  // acquisition follows on acquisition
  IndexTable table;
  in_arena(thread_count(options.threads), [&] { table = TableRun(request, options, progress).run(); });
  return table;
}

std::string csv_of(const IndexTable& table) {
  std::string text = "site,acquired,scene,index,pixels,clear_share,mean,std,min,p10,p25,median,p75,p90,max\n";
  for (const IndexTableRow& row : table.rows) {
    const double share = static_cast<double>(row.clear) / static_cast<double>(row.pixels);
    text += csv_cell(row.site) + "," + format_instant(row.acquired) + "," + csv_cell(row.scene) + "," + row.index +
            "," + std::to_string(row.pixels) + "," + number_cell(share);
    const IndexStatistics& of = row.of_values;
    std::vector<double> cells{of.mean, of.deviation, of.least};
    cells.insert(cells.end(), of.percentiles.begin(), of.percentiles.end());
    cells.push_back(of.most);
    for (const double cell : cells) text += "," + (row.values > 0 ? number_cell(cell) : "");
    text += "\n";
  }
  return text;
}

std::vector<std::pair<std::string, Drawing>> plots_of(const IndexTable& table) {
  constexpr Colour dot{25, 25, 25};
  constexpr double well_seen = 0.5;
  std::vector<std::pair<std::string, TimePlot>> plots;
  for (const IndexTableRow& row : table.rows) {
    if (plots.empty() || plots.back().first != row.site) {
      TimePlot plot;
      plot.title = row.site;
      plot.legend = {{"median", LegendSample::filled, dot},
                     {"median, less than half of the site clear", LegendSample::hollow, dot},
                     {"10th to 90th percentile", LegendSample::bar, band_colour}};
      plots.emplace_back(row.site, std::move(plot));
    }
    std::vector<PlotPanel>& panels = plots.back().second.panels;
    const auto is_it = [&](const PlotPanel& panel) { return panel.label == row.index; };
    auto panel = std::find_if(panels.begin(), panels.end(), is_it);
    if (panel == panels.end()) {
      panel = panels.emplace(panels.end());
      panel->label = row.index;
    }
    if (row.values == 0) continue;
    const auto& percentiles = row.of_values.percentiles;
    const double share = static_cast<double>(row.clear) / static_cast<double>(row.pixels);
    const Marker marker = share >= well_seen ? Marker::filled : Marker::hollow;
    panel->values.push_back({row.acquired, percentiles[2], marker, dot});
    if (marker == Marker::filled) {
      panel->expected.push_back({row.acquired, percentiles[2], percentiles.front(), percentiles.back()});
    }
  }
  std::vector<std::pair<std::string, Drawing>> drawings;
  for (const auto& [site, plot] : plots) drawings.emplace_back(site, drawing_of(plot));
  return drawings;
}

}  // namespace pitwatch
