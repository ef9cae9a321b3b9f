#include "pipeline/indexmap/index_maps.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <system_error>

#include "pipeline/acquisition/source_files.hpp"
#include "pipeline/acquisition/taken_for_granted.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/indexmap/index_picture.hpp"
#include "pipeline/indexmap/index_raster.hpp"
#include "pipeline/io/files/gdal_runtime.hpp"
#include "pipeline/io/raster/png_writer.hpp"
#include "pipeline/io/remote/remote_path.hpp"
#include "pipeline/io/vector/aoi.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;

using Planes = std::vector<Plane<float>>;

constexpr std::int64_t gdal_cache_bytes = std::int64_t{16} << 20;
constexpr std::int64_t check_cache_bytes = std::int64_t{32} << 20;  // of each acquisition while it is checked
constexpr std::int64_t program_bytes = std::int64_t{100} << 20;     // itself, and what libraries keep

std::string compact(Instant instant) {
  std::string text = format_instant(instant);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

/// One composite, or one acquisition: what rasters are made of.
struct Subject {
  std::vector<IndexAcquisition> acquisitions;
  std::vector<IndexAcquisition> before;  // of a difference
  std::string suffix;                    // of file names
};

class IndexMaps {
 public:
  IndexMaps(const IndexRequest& request, const IndexMapOptions& options, const ProgressSink& progress)
      : request_(request), options_(options), progress_(progress) {}

  IndexMapReport run() {
    check_options();
    bands_ = bands_to_read(request_.plan(), compositing());
    std::vector<Subject> subjects = find_subjects();
    // Rasters of one area of interest lie on one ground; without one, each acquisition of a series on its own.
    if (options_.aoi) lay_ground(subjects);
    make_folder(subjects.size() * request_.indices.size());
    for (const Subject& subject : subjects) {
      for (const RequestedIndex& index : request_.indices) refuse_input(path_of(index, subject));
    }
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      if (!options_.aoi) lay_ground(std::span(subjects).subspan(i, 1));
      if (!subjects[i].acquisitions.empty()) map(subjects[i]);
    }
    for (auto& one : taken_.told()) report_.warnings.push_back(std::move(one));
    if (report_.files.empty()) throw DataError(redacted(options_.source) + ": no acquisition that can be used");
    return std::move(report_);
  }

 private:
  Compositing compositing() const { return options_.composite.value_or(Compositing::median); }
  bool is_one_file() const { return options_.out.ends_with(".tif"); }

  void check_options() const {
    if (options_.before && !options_.composite)
      throw ConfigError("a difference is of composites: --composite is missing");
    if (options_.int16_scale && !(*options_.int16_scale > 0)) throw ConfigError("--step must be above 0");
  }

  // ---- which acquisitions --------------------------------------------------------------------------------------

  std::vector<Subject> find_subjects() {
    SourceListing listing = list_readable(options_.source, options_.network, search(), options_.given);
    read_.emplace(options_.source, listing, std::vector<std::string>{options_.aoi.value_or("")});
    if (is_one_file()) refuse_input(options_.out);
    std::vector<IndexAcquisition> all = usable(listing, options_.period);
    std::vector<Subject> subjects;
    if (options_.composite) {
      std::vector<IndexAcquisition> before;
      if (options_.before) before = usable(listing, *options_.before);
      subjects.push_back({std::move(all), std::move(before), ""});
      return subjects;
    }
    const bool is_series = all.size() > 1;
    for (IndexAcquisition& one : all) {
      const std::string suffix = is_series ? "_" + compact(one.acquired) : "";
      subjects.push_back({{std::move(one)}, {}, suffix});
    }
    return subjects;
  }

  SourceSearch search() const {
    SourceSearch search;
    search.from = options_.period.from;
    search.until = options_.period.until;
    if (!options_.before) return search;
    search.from = earlier(search.from, options_.before->from);
    if (search.until && options_.before->until) {
      search.until = std::max(*search.until, *options_.before->until);
    } else {
      search.until = std::nullopt;
    }
    return search;
  }

  static std::optional<Instant> earlier(const std::optional<Instant>& a, const std::optional<Instant>& b) {
    return a && b ? std::optional(std::min(*a, *b)) : std::nullopt;
  }

  struct Checked {
    SkippedScenes warnings;
    std::exception_ptr refusal;
  };

  std::vector<Checked> check_all(std::vector<IndexAcquisition>& all) {
    const KeptPixels kept;  // acquisition follows on acquisition
    const bool is_spectral = std::any_of(all.begin(), all.end(), [&](const IndexAcquisition& one) {
      return options_.reading.masked && uses_spectral_masks(one.parts, options_.reading.masks);
    });
    std::vector<Checked> checked(all.size());
    in_parallel(static_cast<int>(all.size()), [&](int number) {
      const auto i = static_cast<std::size_t>(number);
      try {
        auto blocks = std::make_shared<BlockCache>(check_cache_bytes);
        check_acquisition(all[i], options_.reading, offsets_, *blocks, checked[i].warnings);
        find_grounds(all[i]);
        for (std::size_t part = 0; part < all[i].parts.size(); ++part) {
          refuse_unfit_part(all[i].parts[part], all[i].grounds[part], bands_, options_.reading, *blocks);
        }
        keep_blocks(all[i], std::move(blocks), room_for_blocks(all.size(), is_spectral, together(all[i])));
      } catch (const DataError&) {
        checked[i].refusal = std::current_exception();
      }
    });
    return checked;
  }

  /// Memory for blocks that the checks have decoded, until they are wanted again: of composites what strips of many
  /// rows leave.
  std::int64_t room_for_blocks(std::size_t acquisitions, bool is_spectral, const Grid& ground) const {
    constexpr std::int64_t strip_rows = 512;
    constexpr std::int64_t for_reading = std::int64_t{96} << 20;
    if (!options_.composite) return options_.memory_bytes / 16;
    // Where clouds are told by their spectra the strips have their size whatever the memory.
    if (is_spectral) return 0;
    const std::size_t values = std::max(request_.indices.size(), bands_.size());
    const std::int64_t row_bytes = std::int64_t{ground.width} * static_cast<std::int64_t>(values * sizeof(float));
    const std::int64_t of_strip =
        row_bytes * static_cast<std::int64_t>(acquisitions) * std::min<std::int64_t>(strip_rows, ground.height);
    return options_.memory_bytes - program_bytes - for_reading - row_bytes * ground.height - of_strip * 5 / 4;
  }

  /// Which of them are kept does not change the result.
  void keep_blocks(IndexAcquisition& acquisition, std::shared_ptr<BlockCache> blocks, std::int64_t room) {
    const std::int64_t bytes = blocks->bytes();
    if (bytes == 0) return;
    if (kept_bytes_.fetch_add(bytes) + bytes > room) {
      kept_bytes_ -= bytes;
      return;
    }
    blocks->set_limit(bytes);
    BlockCache* const cache = blocks.get();
    acquisition.decoded = {cache, [this, bytes, owner = std::move(blocks)](BlockCache*) { kept_bytes_ -= bytes; }};
  }

  static void free_blocks(std::vector<IndexAcquisition>& acquisitions) {
    for (IndexAcquisition& one : acquisitions) one.decoded.reset();
  }

  /// Acquisitions of a period but for those that are refused.
  std::vector<IndexAcquisition> usable(const SourceListing& listing, const IndexPeriod& period) {
    SkippedScenes skipped;
    std::vector<IndexAcquisition> all =
        choose_acquisitions(listing, period.from, period.until, bands_, std::nullopt, skipped);
    const std::vector<Checked> checked = check_all(all);
    std::vector<IndexAcquisition> found;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Checked& one = checked[i];
      report_.warnings.insert(report_.warnings.end(), one.warnings.begin(), one.warnings.end());
      try {
        if (one.refusal) std::rethrow_exception(one.refusal);
        for (const Scene& part : all[i].parts) taken_.add(part);
        found.push_back(std::move(all[i]));
      } catch (const DataError& error) {
        if (all.size() == 1) throw;
        skipped.emplace_back(all[i].parts.front().id, error_chain(error));
      }
    }
    const std::string why = skipped.empty() ? "" : "; " + skipped.front().first + ": " + skipped.front().second;
    for (auto& one : skipped) add_once(report_.skipped, std::move(one));
    if (found.empty()) throw DataError(redacted(options_.source) + ": no acquisition that can be used" + why);
    return found;
  }

  static void add_once(SkippedScenes& list, std::pair<std::string, std::string> one) {
    if (std::find(list.begin(), list.end(), one) == list.end()) list.push_back(std::move(one));
  }

  // ---- which ground --------------------------------------------------------------------------------------------

  /// To whole pixels of 20 m around the area of interest, which is returned.
  Aoi cut(Grid& ground) const {
    const Aoi whole(*options_.aoi, ground);
    const Window bounds = whole.bounds();
    const auto below = [](int value) { return value / 2 * 2; };
    const auto above = [](int value, int most) { return std::min((value + 1) / 2 * 2, most); };
    const Window even{below(bounds.x), below(bounds.y), above(bounds.right(), ground.width) - below(bounds.x),
                      above(bounds.bottom(), ground.height) - below(bounds.y)};
    ground.origin = ground.to_map(even.x, even.y);
    ground.width = even.width;
    ground.height = even.height;
    return whole.on(ground);
  }

  /// Sets the ground of each part; parts beyond the area of interest are left out. Throws DataError where all are.
  void find_grounds(IndexAcquisition& acquisition) const {
    std::vector<Scene> parts;
    std::exception_ptr beyond;
    for (const Scene& part : acquisition.parts) {
      Grid ground = whole_ground(part, bands_);
      try {
        if (options_.aoi) cut(ground);
      } catch (const DataError&) {
        if (!beyond) beyond = std::current_exception();
        continue;
      }
      acquisition.grounds.push_back(ground);
      parts.push_back(part);
    }
    if (parts.empty()) std::rethrow_exception(beyond);
    acquisition.parts = std::move(parts);
  }

  /// The ground of all parts of an acquisition that lie in the first one's zone.
  static Grid together(const IndexAcquisition& acquisition) {
    Grid ground = acquisition.grounds.front();
    for (const Grid& other : acquisition.grounds) {
      if (other.crs == ground.crs) widen(ground, other);
    }
    return ground;
  }

  /// The one ground of all acquisitions of these subjects, in the zone of the first: what their parts in that zone
  /// show, with an area of interest as much of it as any shows. Leaves out what does not meet it.
  void lay_ground(std::vector<Subject>& subjects) {
    lay_ground(std::span(subjects));
    std::erase_if(subjects, [](const Subject& subject) { return subject.acquisitions.empty(); });
  }

  void lay_ground(std::span<Subject> subjects) {
    std::vector<std::vector<IndexAcquisition>*> all;
    for (Subject& subject : subjects) {
      all.push_back(&subject.acquisitions);
      all.push_back(&subject.before);
    }
    const IndexAcquisition& first = subjects.front().acquisitions.front();
    ground_ = together(first);
    for (const auto* const acquisitions : all) {
      for (const IndexAcquisition& one : *acquisitions) {
        for (const Grid& other : one.grounds) {
          if (other.crs == ground_.crs || options_.aoi) widen(ground_, other);
        }
      }
    }
    if (options_.aoi) aoi_ = std::make_unique<Aoi>(cut(ground_));
    refuse_large_ground();
    for (auto* const acquisitions : all) {
      for (IndexAcquisition& one : *acquisitions) {
        leave_out_elsewhere(one);
        // Blocks were kept for a ground of its own.
        if (std::int64_t{ground_.width} * ground_.height > pixels_of(one)) one.decoded.reset();
      }
      std::erase_if(*acquisitions, [](const IndexAcquisition& one) { return one.parts.empty(); });
      if (acquisitions->empty() && options_.before) {
        throw DataError(redacted(options_.source) + ": the scenes of the two periods have no ground in common; " +
                        report_.skipped.back().first + ": " + report_.skipped.back().second);
      }
    }
  }

  static std::int64_t pixels_of(const IndexAcquisition& acquisition) {
    if (acquisition.parts.empty()) return 0;
    const Grid own = together(acquisition);
    return std::int64_t{own.width} * own.height;
  }

  /// Parts of another zone come behind the others, which need not be resampled; those that the ground does not meet
  /// are left out.
  void leave_out_elsewhere(IndexAcquisition& acquisition) {
    std::vector<Scene> parts;
    std::vector<Grid> grounds;
    for (const bool is_other_zone : {false, true}) {
      for (std::size_t i = 0; i < acquisition.parts.size(); ++i) {
        const Grid& ground = acquisition.grounds[i];
        if ((ground.crs != ground_.crs) != is_other_zone) continue;
        const Scene& part = acquisition.parts[i];
        if (!meet(ground_, ground)) {
          add_once(report_.skipped, {part.id, "lies beyond the ground of the first scenes, which is in " +
                                                  code_of(ground_.crs) + "; map it by itself"});
          continue;
        }
        if (is_other_zone && !options_.aoi) {
          add_once(report_.warnings, {part.id, "lies in " + code_of(ground.crs) + ": of it only what the ground in " +
                                                   code_of(ground_.crs) + " has is shown; --aoi names the ground"});
        }
        parts.push_back(part);
        grounds.push_back(ground);
      }
    }
    acquisition.parts = std::move(parts);
    acquisition.grounds = std::move(grounds);
  }

  /// Of a CRS that has no code, that it is another.
  static std::string code_of(const std::string& crs) { return crs.starts_with("EPSG:") ? crs : "a CRS of its own"; }

  void refuse_large_ground() const {
    const std::int64_t plane = std::int64_t{ground_.width} * ground_.height * static_cast<std::int64_t>(sizeof(float));
    if (plane + program_bytes < options_.memory_bytes) return;
    throw ConfigError("--memory: too little for the ground of all scenes, " + std::to_string(ground_.width) + " by " +
                      std::to_string(ground_.height) + " pixels, " + std::to_string(plane >> 20) +
                      " MiB each raster; --aoi FILE maps a part of it");
  }

  void leave_out_outside(Plane<float>& plane) const {
    if (!aoi_) return;
    in_rows(plane.height(), [&](int begin, int end) {
      Plane<std::uint8_t> inside(plane.width(), end - begin);
      aoi_->burn({0, begin, plane.width(), end - begin}, inside.view());
      for (int y = begin; y < end; ++y) {
        for (int x = 0; x < plane.width(); ++x) {
          if (inside.at(x, y - begin) == 0) plane.at(x, y) = std::numeric_limits<float>::quiet_NaN();
        }
      }
    });
  }

  // ---- the work ------------------------------------------------------------------------------------------------

  void make_folder(std::size_t rasters) const {
    if (is_one_file()) {
      if (rasters > 1) {
        throw ConfigError("--out " + options_.out + ": " + std::to_string(rasters) +
                          " rasters do not go into one file; name a folder");
      }
      return;
    }
    std::error_code error;
    fs::create_directories(options_.out, error);
    if (error) throw ConfigError("--out " + options_.out + ": cannot be made: " + error.message());
  }

  /// How many indices are worked out at once: their planes have to fit, and one of them with its overviews.
  std::size_t at_once() const {
    const std::int64_t plane = std::int64_t{ground_.width} * ground_.height * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t for_reading = options_.memory_bytes / 4;
    const std::int64_t each = options_.before ? 2 * plane : plane;
    const std::int64_t room = options_.memory_bytes - program_bytes - for_reading - plane;  // the last for writing
    return static_cast<std::size_t>(std::clamp<std::int64_t>(room / each, 1, 64));
  }

  void map(Subject& subject) {
    const std::size_t step = at_once();
    for (std::size_t first = 0; first < request_.indices.size(); first += step) {
      const std::size_t count = std::min(step, request_.indices.size() - first);
      const IndexPlan plan = request_.plan(first, count);
      Planes values = composed(subject.acquisitions, plan);
      if (!subject.before.empty()) subtract(values, composed(subject.before, plan));
      if (first + count == request_.indices.size()) {
        free_blocks(subject.acquisitions);  // writing needs the memory
        free_blocks(subject.before);
      }
      for (std::size_t i = 0; i < count; ++i) {
        leave_out_outside(values[i]);
        write(request_.indices[first + i], subject, values[i]);
        values[i] = {};
      }
    }
    report_.acquisitions += subject.acquisitions.size() + subject.before.size();
  }

  /// Leaves out acquisitions that turn out to be unusable.
  Planes composed(std::vector<IndexAcquisition>& acquisitions, const IndexPlan& plan) {
    ComposeOptions how{compositing(), options_.reading, options_.memory_bytes - program_bytes - kept_bytes_};
    for (;;) {
      try {
        return compose(acquisitions, plan, ground_, how, progress_);
      } catch (const UnusableAcquisition& bad) {
        const auto place = acquisitions.begin() + static_cast<std::ptrdiff_t>(bad.number);
        report_.skipped.emplace_back(place->parts.front().id, bad.what());
        acquisitions.erase(place);
      }
    }
  }

  static void subtract(Planes& values, const Planes& less) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      for (int y = 0; y < values[i].height(); ++y) {
        for (int x = 0; x < values[i].width(); ++x) values[i].at(x, y) -= less[i].at(x, y);
      }
    }
  }

  std::string path_of(const RequestedIndex& index, const Subject& subject) const {
    return is_one_file() ? options_.out : options_.out + "/" + index.name + subject.suffix + ".tif";
  }

  static std::string picture_of_raster(const std::string& raster) {
    return fs::path(raster).replace_extension(".png").string();
  }

  /// Throws ConfigError for a raster that, or whose picture, would take the place of what is read.
  void refuse_input(const std::string& raster) const {
    read_->refuse("out", raster);
    if (options_.pictures) read_->refuse("out", picture_of_raster(raster));
  }

  static bool has_value(const Plane<float>& values) {
    for (int y = 0; y < values.height(); ++y) {
      const float* const row = values.row(y);
      if (!std::all_of(row, row + values.width(), [](float value) { return std::isnan(value); })) return true;
    }
    return false;
  }

  void write(const RequestedIndex& index, const Subject& subject, const Plane<float>& values) {
    const std::string path = path_of(index, subject);
    IndexRaster raster{index.name, items_of(index, subject), std::nullopt};
    if (options_.int16) raster.int16_scale = options_.int16_scale.value_or(scale_of(index));
    progress_("writing", 0);
    const std::int64_t beyond = write_index_raster(path, ground_, values.view(), raster, in_parallel);
    if (beyond > 0) {
      report_.warnings.emplace_back(path,
                                    std::to_string(beyond) + " values are beyond what Int16 holds; a larger --step");
    }
    report_.files.push_back(path);
    ++report_.rasters;
    if (!has_value(values)) {
      ++report_.without_value;
      report_.warnings.emplace_back(path, "no pixel has a value: " + why_none());
    }
    if (options_.pictures) write_picture(path, index, subject, values);
  }

  std::string why_none() const {
    return options_.reading.masked ? "all are masked (--no-masks does without), not measured, or beyond the formula"
                                   : "none is measured, or the formula has none there";
  }

  double scale_of(const RequestedIndex& index) const {
    if (!options_.before || !index.range) return int16_scale_of(index.range);
    const double width = index.range->high - index.range->low;
    return int16_scale_of(ValueRange{-width, width});
  }

  void write_picture(const std::string& raster, const RequestedIndex& index, const Subject& subject,
                     const Plane<float>& values) {
    const std::string path = picture_of_raster(raster);
    const ValueRange stretch = options_.stretch.value_or(stretch_of_values(values.view()));
    const CatalogueIndex* const known = find_index(index.name);
    const bool is_of_plants = known != nullptr && known->domain == "vegetation" && subject.before.empty();
    const Picture picture =
        index_picture(values.view(), {stretch, title_of(index, subject), is_of_plants}, ground_.pixel_size_m);
    write_png(path, picture.width, picture.height, picture.rgb);
    report_.files.push_back(path);
  }

  static std::string days_of(const std::vector<IndexAcquisition>& acquisitions) {
    constexpr std::size_t day = 10;
    const std::string first = format_instant(acquisitions.front().acquired).substr(0, day);
    const std::string last = format_instant(acquisitions.back().acquired).substr(0, day);
    return first == last ? first : first + " to " + last;
  }

  std::string title_of(const RequestedIndex& index, const Subject& subject) const {
    std::string title = index.name + ", " + days_of(subject.acquisitions);
    if (!subject.before.empty()) title += " less " + days_of(subject.before);
    if (options_.composite) {
      title += ", " + std::string(compositing_names[static_cast<std::size_t>(*options_.composite)]);
    }
    return title;
  }

  std::vector<std::pair<std::string, std::string>> items_of(const RequestedIndex& index, const Subject& subject) const {
    std::vector<std::pair<std::string, std::string>> items{
        {"INDEX", index.name}, {"FORMULA", index.formula}, {"ACQUIRED", days_of(subject.acquisitions)}};
    if (!index.constants.empty()) items.emplace_back("CONSTANTS", text_of(index.constants));
    if (!subject.before.empty()) items.emplace_back("LESS", days_of(subject.before));
    if (options_.composite) {
      items.emplace_back("COMPOSITE", compositing_names[static_cast<std::size_t>(*options_.composite)]);
    }
    items.emplace_back("SCENES", scenes_of_all(subject.acquisitions));
    if (!subject.before.empty()) items.emplace_back("LESS_SCENES", scenes_of_all(subject.before));
    return items;
  }

  /// "L=0.5 sigma=0.5".
  static std::string text_of(const GivenConstants& constants) {
    std::string text;
    for (const auto& [name, value] : constants) {
      std::array<char, 32> number{};
      const auto [end, error] = std::to_chars(number.data(), number.data() + number.size(), value);
      text += (text.empty() ? "" : " ") + name + "=" + std::string(number.data(), end);
    }
    return text;
  }

  static std::string scenes_of_all(const std::vector<IndexAcquisition>& acquisitions) {
    std::string text;
    for (const IndexAcquisition& acquisition : acquisitions) {
      for (const Scene& part : acquisition.parts) text += (text.empty() ? "" : " ") + part.id;
    }
    return text;
  }

  const IndexRequest& request_;
  const IndexMapOptions& options_;
  const ProgressSink& progress_;
  std::atomic<std::int64_t> kept_bytes_ = 0;  // of IndexAcquisition::decoded
  std::vector<Band> bands_;
  std::optional<SourceFiles> read_;
  TakenForGranted taken_;
  Grid ground_;
  std::unique_ptr<Aoi> aoi_;
  OffsetMemory offsets_;
  IndexMapReport report_;
};

}  // namespace

IndexMapReport map_indices(const IndexRequest& request, const IndexMapOptions& options, const ProgressSink& progress) {
  initialise_gdal(gdal_cache_bytes);
  IndexMapReport report;
  in_arena(thread_count(options.threads), [&] { report = IndexMaps(request, options, progress).run(); });
  return report;
}

}  // namespace pitwatch
