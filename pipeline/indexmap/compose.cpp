#include "pipeline/indexmap/compose.hpp"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>

#include "kernels/median.hpp"
#include "pipeline/core/large_buffer.hpp"
#include "pipeline/indexmap/sorting_network.hpp"
#include "pipeline/schedule/arena.hpp"
#include "pipeline/schedule/background.hpp"
#include "pipeline/schedule/slot_pipeline.hpp"

namespace pitwatch {
namespace {

constexpr float no_value = std::numeric_limits<float>::quiet_NaN();
constexpr int least_rows = 16;
constexpr int most_rows = 1024;  // a multiple of the tiles of ordinary GeoTIFFs and JPEG 2000

using Planes = std::vector<Plane<float>>;

Planes planes_of(std::size_t count, int width, int height) {
  Planes planes(count);
  for (Plane<float>& plane : planes) plane.reshape(width, height);
  return planes;
}

/// A part of a grid.
Grid part_of(const Grid& ground, const Window& window) {
  return {ground.crs, ground.to_map(window.x, window.y), ground.pixel_size_m, window.width, window.height};
}

/// Rows [y, y + rows) of a grid.
Grid strip_of(const Grid& ground, int y, int rows) {
  return part_of(ground, {0, y, ground.width, std::min(rows, ground.height - y)});
}

// ---- values of rows --------------------------------------------------------------------------------------------

/// A row of each band of a plan to a row of each output. `band_row(i)` is of plan.bands[i].
template <class BandRow, class OutputRow>
void evaluate_row(const IndexPlan& plan, const MaskBits* mask, int width, const BandRow& band_row,
                  const OutputRow& output_row) {
  thread_local PixelVector<double> scratch;
  scratch.resize(std::max(scratch.size(), plan.scratch_size()));
  std::vector<kernels::InputRow> rows(plan.bands.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].values = band_row(i);
  std::vector<float*> outputs(plan.outputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = output_row(i);
  evaluate(plan, rows, mask, static_cast<std::size_t>(width), scratch.data(), outputs);
}

/// To where `at` is the upper left corner.
void evaluate_mosaic(const IndexPlan& plan, const Mosaic& mosaic, Planes& into, PixelPoint at) {
  for (int y = 0; y < mosaic.grid.height; ++y) {
    evaluate_row(
        plan, mosaic.mask.row(y), mosaic.grid.width,
        [&](std::size_t band) { return mosaic.reflectance.at(plan.bands[band]).row(y); },
        [&](std::size_t output) { return into[output].row(at.y + y) + at.x; });
  }
}

// ---- how much at once ------------------------------------------------------------------------------------------

struct Strips {
  int rows = 0;
  int columns = 0;  // fewer than the ground has where there is a single acquisition
  std::size_t slots = 1;
};

/// `kept_bytes`: per pixel of the strip at hand.
Strips plan_strips(std::span<const IndexAcquisition> acquisitions, const Grid& ground, std::size_t bands,
                   std::int64_t kept_bytes, std::int64_t budget, const IndexReading& reading, std::size_t jobs) {
  Strips strips;
  strips.slots = std::min(jobs, static_cast<std::size_t>(std::max(1, arena_threads())));
  const bool is_fixed = std::any_of(acquisitions.begin(), acquisitions.end(), [&](const IndexAcquisition& acquisition) {
    return reading.masked && uses_spectral_masks(acquisition.parts, reading.masks);
  });
  strips.columns = acquisitions.size() > 1 ? ground.width : std::min(ground.width, most_rows);
  const auto bytes = [&](int rows) {
    const Grid strip = part_of(ground, {0, 0, strips.columns, std::min(rows, ground.height)});
    std::int64_t most = 0;
    for (const IndexAcquisition& acquisition : acquisitions) {
      most = std::max(most, read_ground_bytes(acquisition, strip, bands, reading));
    }
    return static_cast<std::int64_t>(strips.slots) * most + kept_bytes * strip.width * strip.height;
  };
  // Clouds told by their spectra depend on the ground around them: their strips are the same whatever the memory.
  const int least = is_fixed ? most_rows : least_rows;
  for (int rows = most_rows; rows >= least; rows /= 2) {
    strips.rows = rows;
    if (bytes(rows) <= budget) return strips;
  }
  while (strips.slots > 1 && bytes(least) > budget) --strips.slots;
  if (bytes(least) > budget) {
    throw ConfigError("--memory: too little for " + std::to_string(least) + " rows of " +
                      std::to_string(strips.columns) + " pixels");
  }
  return strips;
}

// ---- the observation that is taken of each pixel ---------------------------------------------------------------

/// Bands of the observations that are best so far.
class BestPixels {
 public:
  BestPixels(std::span<const Band> bands, int width, int height)
      : bands_(bands.begin(), bands.end()), planes_(planes_of(bands.size(), width, height)), score_(width, height) {
    for (int y = 0; y < height; ++y) {
      std::fill_n(score_.row(y), width, -std::numeric_limits<float>::infinity());
      for (Plane<float>& plane : planes_) std::fill_n(plane.row(y), width, no_value);
    }
  }

  /// Takes pixels of a greater score, which is not NaN where they may be taken.
  void offer(const Mosaic& mosaic, const Plane<float>& scores) {
    in_rows(mosaic.grid.height, [&](int begin, int end) {
      for (int y = begin; y < end; ++y) {
        for (int x = 0; x < mosaic.grid.width; ++x) {
          if (!(scores.at(x, y) > score_.at(x, y))) continue;
          score_.at(x, y) = scores.at(x, y);
          for (std::size_t i = 0; i < bands_.size(); ++i) {
            planes_[i].at(x, y) = mosaic.reflectance.at(bands_[i]).at(x, y);
          }
        }
      }
    });
  }

  const Plane<float>& plane(Band band) const {
    const auto found = std::find(bands_.begin(), bands_.end(), band);
    return planes_[static_cast<std::size_t>(found - bands_.begin())];
  }

 private:
  std::vector<Band> bands_;
  Planes planes_;
  Plane<float> score_;
};

bool has_values(const Mosaic& mosaic, int x, int y) {
  if (mosaic.mask.at(x, y) != mask_clear) return false;
  return std::none_of(mosaic.reflectance.begin(), mosaic.reflectance.end(),
                      [&](const auto& band) { return std::isnan(band.second.at(x, y)); });
}

/// Pixels that may be taken.
std::int64_t count_with_values(const Mosaic& mosaic) {
  std::int64_t count = 0;
  for (int y = 0; y < mosaic.grid.height; ++y) {
    for (int x = 0; x < mosaic.grid.width; ++x) count += has_values(mosaic, x, y) ? 1 : 0;
  }
  return count;
}

/// What pixels are chosen by: one number for all, or their NDVI.
Plane<float> scores_of(const Mosaic& mosaic, const std::optional<float>& of_all) {
  Plane<float> scores(mosaic.grid.width, mosaic.grid.height);
  for (int y = 0; y < scores.height(); ++y) {
    for (int x = 0; x < scores.width(); ++x) {
      scores.at(x, y) = no_value;
      if (!has_values(mosaic, x, y)) continue;
      if (of_all) {
        scores.at(x, y) = *of_all;
      } else {
        const float nir = mosaic.reflectance.at(Band::B08).at(x, y);
        const float red = mosaic.reflectance.at(Band::B04).at(x, y);
        scores.at(x, y) = nir + red > 0 ? (nir - red) / (nir + red) : no_value;
      }
    }
  }
  return scores;
}

/// Of a pixel's observations the one nearest to the median of each band; of several the one of the greatest rank. In
/// whole ten-thousandths of reflectance, medians doubled, so that which is nearer does not hang on rounding.
class Medoid {
 public:
  /// No ranks: as long as none is needed.
  Medoid(const std::vector<Planes>& stack, std::size_t bands, std::span<const float> ranks)
      : stack_(stack), ranks_(ranks), numbers_(bands) {}

  /// -1 where there is none, and where ranks are needed that are not there.
  int at(int x, int y) {
    present_.clear();
    for (std::size_t k = 0; k < stack_.size(); ++k) {
      if (!std::isnan(stack_[k].front().at(x, y))) present_.push_back(k);  // of all bands, or of none
    }
    if (present_.empty()) return -1;
    distances_.assign(present_.size(), 0);
    for (std::size_t band = 0; band < numbers_.size(); ++band) add_distances(band, x, y);
    std::size_t nearest = 0;
    for (std::size_t i = 1; i < present_.size(); ++i) {
      if (distances_[i] > distances_[nearest]) continue;
      if (distances_[i] == distances_[nearest]) {
        if (are_alike(i, nearest, x, y)) continue;
        if (ranks_.empty()) {
          needs_ranks_ = true;
          return -1;
        }
        if (ranks_[present_[i]] < ranks_[present_[nearest]]) continue;
      }
      nearest = i;
    }
    return static_cast<int>(present_[nearest]);
  }

  bool needs_ranks() const { return needs_ranks_; }

 private:
  void add_distances(std::size_t band, int x, int y) {
    std::vector<std::int32_t>& numbers = numbers_[band];
    numbers.resize(present_.size());
    for (std::size_t i = 0; i < present_.size(); ++i) {
      numbers[i] = static_cast<std::int32_t>(std::floor(stack_[present_[i]][band].at(x, y) * 10'000.0 + 0.5));
    }
    const std::int64_t twice_median = twice_median_of(numbers);
    for (std::size_t i = 0; i < present_.size(); ++i) {
      const std::int64_t apart = 2 * std::int64_t{numbers[i]} - twice_median;
      distances_[i] += apart * apart;
    }
  }

  std::int64_t twice_median_of(const std::vector<std::int32_t>& numbers) {
    sorted_ = numbers;
    const auto middle = sorted_.begin() + static_cast<std::ptrdiff_t>(sorted_.size() / 2);
    std::nth_element(sorted_.begin(), middle, sorted_.end());
    const std::int32_t below = sorted_.size() % 2 != 0 ? *middle : *std::max_element(sorted_.begin(), middle);
    return std::int64_t{below} + *middle;
  }

  /// Whichever is taken.
  bool are_alike(std::size_t one, std::size_t other, int x, int y) const {
    const Planes& first = stack_[present_[one]];
    const Planes& second = stack_[present_[other]];
    for (std::size_t band = 0; band < numbers_.size(); ++band) {
      if (first[band].at(x, y) != second[band].at(x, y)) return false;
    }
    return true;
  }

  const std::vector<Planes>& stack_;
  std::span<const float> ranks_;
  bool needs_ranks_ = false;
  std::vector<std::size_t> present_;
  std::vector<std::vector<std::int32_t>> numbers_;  // by band, of those present
  std::vector<std::int32_t> sorted_;
  std::vector<std::int64_t> distances_;  // four times those of the reflectances
};

// ---- the work --------------------------------------------------------------------------------------------------

class Composition {
 public:
  Composition(std::span<const IndexAcquisition> acquisitions, const IndexPlan& plan, const Grid& ground,
              const ComposeOptions& options, const ProgressSink& progress)
      : acquisitions_(acquisitions),
        plan_(plan),
        ground_(ground),
        options_(options),
        progress_(progress),
        bands_(acquisitions.size() == 1 ? plan.bands : bands_to_read(plan, options.how)) {
    const std::int64_t pixels = std::int64_t{ground.width} * ground.height;
    const std::int64_t of_result = pixels * static_cast<std::int64_t>(plan.outputs * sizeof(float));
    const std::int64_t rest = options.memory_bytes - of_result;
    // Of several acquisitions hardly a block is of use to more than one strip.
    const std::int64_t of_blocks = std::max<std::int64_t>(0, acquisitions.size() == 1 ? rest / 4 : rest / 16);
    blocks_.set_limit(of_blocks);
    const auto jobs = acquisitions.size() == 1 ? std::size_t{64} : acquisitions.size();
    strips_ = plan_strips(acquisitions, ground, bands_.size(), kept_bytes(), rest - of_blocks - rest / 8,
                          options.reading, jobs);
    result_ = planes_of(plan.outputs, ground.width, ground.height);
  }

  Planes run() {
    if (acquisitions_.size() == 1) {
      run_single();
      return std::move(result_);
    }
    if (options_.how == Compositing::clear) rank_by_clear_pixels();
    for (int y = 0; y < ground_.height; y += strips_.rows) run_strip(y);
    return std::move(result_);
  }

 private:
  struct Slot {
    std::size_t acquisition = 0;
    Window window;  // of a single acquisition
    Mosaic mosaic;
    std::int64_t clear = 0;  // pixels
  };

  bool keeps_all() const { return options_.how == Compositing::median || options_.how == Compositing::medoid; }

  /// Of each pixel of the strip at hand.
  std::int64_t kept_bytes() const {
    if (acquisitions_.size() == 1) return 0;
    const std::size_t values = options_.how == Compositing::median   ? acquisitions_.size() * plan_.outputs
                               : options_.how == Compositing::medoid ? acquisitions_.size() * bands_.size()
                                                                     : bands_.size() + 2;
    return static_cast<std::int64_t>(values * sizeof(float));
  }

  Mosaic read(std::size_t acquisition, int y, std::span<const Band> bands) {
    try {
      return read_ground(acquisitions_[acquisition], strip_of(ground_, y, strips_.rows), bands, options_.reading,
                         blocks_, nullptr);
    } catch (const DataError& error) {
      throw UnusableAcquisition(acquisition, error_chain(error));
    }
  }

  void run_single() {
    OpenBands files;
    std::vector<Slot> slots(strips_.slots);
    PixelPoint next;
    const auto take = [&](Slot& slot) {
      if (next.y >= ground_.height) return false;
      slot.window = intersection({next.x, next.y, strips_.columns, strips_.rows}, ground_.extent());
      next.x += strips_.columns;
      if (next.x >= ground_.width) next = {0, next.y + strips_.rows};
      return true;
    };
    const auto work = [&](Slot& slot) {
      const Grid part = part_of(ground_, slot.window);
      const Mosaic mosaic = read_ground(acquisitions_[0], part, bands_, options_.reading, blocks_, &files);
      evaluate_mosaic(plan_, mosaic, result_, {slot.window.x, slot.window.y});
    };
    run_slots(std::span(slots), take, work, [&](const Slot& slot) {
      progress_("indices", static_cast<double>(slot.window.bottom()) / ground_.height);
    });
  }

  /// Reads a strip of every acquisition: `work` on any thread, `sink` in order of time.
  template <class Work, class Sink>
  void read_all(int y, std::span<const Band> bands, const Work& work, const Sink& sink) {
    std::vector<Slot> slots(strips_.slots);
    std::size_t next = 0;
    run_slots(
        std::span(slots),
        [&](Slot& slot) {
          if (next == acquisitions_.size()) return false;
          slot.acquisition = next++;
          return true;
        },
        [&](Slot& slot) {
          slot.mosaic = read(slot.acquisition, y, bands);
          work(slot);
        },
        [&](Slot& slot) {
          sink(slot);
          slot.mosaic = {};
          tell(y, slot.acquisition + 1, acquisitions_.size());
        });
  }

  void run_strip(int y) {
    if (!keeps_all()) return run_best(y);
    const int rows = strip_of(ground_, y, strips_.rows).height;
    std::vector<Planes> stack(acquisitions_.size());
    const auto keep = [&](Slot& slot) {
      Planes& kept = stack[slot.acquisition];
      if (options_.how == Compositing::median) {
        kept = planes_of(plan_.outputs, ground_.width, rows);
        evaluate_mosaic(plan_, slot.mosaic, kept, {});
      } else {
        kept = clear_bands(slot.mosaic);
      }
    };
    read_all(y, bands_, keep, [](const Slot&) {});
    if (options_.how == Compositing::median) {
      take_medians(stack, y, rows);
    } else {
      take_medoids(stack, y, rows);
    }
  }

  /// Bands with NaN wherever one of them has no value or the pixel is masked.
  Planes clear_bands(Mosaic& mosaic) const {
    for (int y = 0; y < mosaic.grid.height; ++y) {
      for (int x = 0; x < mosaic.grid.width; ++x) {
        if (has_values(mosaic, x, y)) continue;
        for (auto& [band, plane] : mosaic.reflectance) plane.at(x, y) = no_value;
      }
    }
    Planes planes;
    for (const Band band : bands_) planes.push_back(std::move(mosaic.reflectance.at(band)));
    return planes;
  }

  void take_medians(const std::vector<Planes>& stack, int first_row, int rows) {
    const auto network = sorting_network(static_cast<int>(stack.size()));
    in_rows(rows, [&](int begin, int end) {
      std::vector<const float*> observations(stack.size());
      std::vector<float> scratch(stack.size() * kernels::median_chunk);
      for (int y = begin; y < end; ++y) {
        for (std::size_t output = 0; output < plan_.outputs; ++output) {
          for (std::size_t k = 0; k < stack.size(); ++k) observations[k] = stack[k][output].row(y);
          kernels::median_of_rows(observations, network, static_cast<std::size_t>(ground_.width), scratch.data(),
                                  result_[output].row(first_row + y));
        }
      }
    });
  }

  void take_medoids(const std::vector<Planes>& stack, int first_row, int rows) {
    if (choose_medoids(stack, first_row, rows)) return;
    rank_by_clear_pixels();
    choose_medoids(stack, first_row, rows);
  }

  /// Whether it could be done with the ranks that are there.
  bool choose_medoids(const std::vector<Planes>& stack, int first_row, int rows) {
    std::atomic<bool> is_done = true;
    in_rows(rows, [&](int begin, int end) {
      Medoid medoid(stack, bands_.size(), rank_);
      Planes chosen = planes_of(bands_.size(), ground_.width, 1);
      for (int y = begin; y < end && is_done; ++y) {
        for (int x = 0; x < ground_.width; ++x) {
          const int which = medoid.at(x, y);
          for (std::size_t band = 0; band < bands_.size(); ++band) {
            chosen[band].at(x, 0) = which < 0 ? no_value : stack[static_cast<std::size_t>(which)][band].at(x, y);
          }
        }
        if (medoid.needs_ranks()) is_done = false;
        evaluate_row(
            plan_, nullptr, ground_.width, [&](std::size_t band) { return chosen[band].row(0); },
            [&](std::size_t output) { return result_[output].row(first_row + y); });
      }
    });
    return is_done;
  }

  void run_best(int first_row) {
    const int rows = strip_of(ground_, first_row, strips_.rows).height;
    BestPixels best(bands_, ground_.width, rows);
    read_all(
        first_row, bands_, [](const Slot&) {},
        [&](const Slot& slot) {
          const bool by_rank = options_.how == Compositing::clear;
          best.offer(slot.mosaic,
                     scores_of(slot.mosaic, by_rank ? std::optional(rank_[slot.acquisition]) : std::nullopt));
        });
    for (int y = 0; y < rows; ++y) {
      evaluate_row(
          plan_, nullptr, ground_.width, [&](std::size_t band) { return best.plane(plan_.bands[band]).row(y); },
          [&](std::size_t output) { return result_[output].row(first_row + y); });
    }
  }

  /// Acquisitions by how many of their pixels may be taken, the least first; of equal ones the later first.
  void rank_by_clear_pixels() {
    std::vector<std::int64_t> clear(acquisitions_.size(), 0);
    for (int y = 0; y < ground_.height; y += strips_.rows) {
      read_all(
          y, bands_, [](Slot& slot) { slot.clear = count_with_values(slot.mosaic); },
          [&](const Slot& slot) { clear[slot.acquisition] += slot.clear; });
    }
    std::vector<std::size_t> order(clear.size());
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = order.size() - 1 - k;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return clear[a] < clear[b]; });
    rank_.resize(order.size());
    for (std::size_t place = 0; place < order.size(); ++place) rank_[order[place]] = static_cast<float>(place);
  }

  void tell(int y, std::size_t done, std::size_t of) {
    const double strip = static_cast<double>(done) / static_cast<double>(of);
    progress_("indices", std::min(1.0, (y + strip * strips_.rows) / ground_.height));
  }

  std::span<const IndexAcquisition> acquisitions_;
  const IndexPlan& plan_;
  const Grid& ground_;
  const ComposeOptions& options_;
  const ProgressSink& progress_;
  std::vector<Band> bands_;
  BlockCache blocks_;
  Strips strips_;
  std::vector<float> rank_;
  Planes result_;
};

}  // namespace

std::vector<Band> bands_to_read(const IndexPlan& plan, Compositing how) {
  std::vector<Band> bands = plan.bands;
  if (how != Compositing::max_ndvi) return bands;
  for (const Band band : {Band::B08, Band::B04}) {
    if (std::find(bands.begin(), bands.end(), band) == bands.end()) bands.push_back(band);
  }
  return bands;
}

std::vector<Plane<float>> compose(std::span<const IndexAcquisition> acquisitions, const IndexPlan& plan,
                                  const Grid& ground, const ComposeOptions& options, const ProgressSink& progress) {
  Planes planes;
  {
    const KeptPixels kept;  // part follows on part
    planes = Composition(acquisitions, plan, ground, options, progress).run();
  }
  ::malloc_trim(0);  // blocks and masks are gone: writing needs the memory
  return planes;
}

}  // namespace pitwatch
