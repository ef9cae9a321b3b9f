#include "tools/command_index.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>

#include "pipeline/core/error.hpp"
#include "pipeline/indexmap/index_maps.hpp"
#include "pipeline/indexmap/index_table.hpp"
#include "pipeline/indices/request.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/raster/png_writer.hpp"
#include "tools/check_options.hpp"
#include "tools/common_options.hpp"
#include "tools/did_you_mean.hpp"
#include "tools/image_options.hpp"
#include "tools/index_texts.hpp"
#include "tools/logging.hpp"
#include "tools/mask_options.hpp"
#include "tools/monitor_options.hpp"
#include "tools/output_guard.hpp"
#include "tools/source_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

using Texts = std::vector<std::string>;

void add_catalogue_options(po::options_description& description) {
  description.add_options()  //
      ("list", po::bool_switch(), "lists the indices that go by a name")
      //
      ("domain", po::value<std::string>()->value_name("NAME"),
       "with --list: those of vegetation, water, burn, snow, clouds, soil, urban, kernel, minerals or mines alone")
      //
      ("show", po::value<std::string>()->value_name("NAME"), "shows one index with formula, constants and source")
      //
      ("json", po::bool_switch(), "with --list: JSON on stdout, not a table");
}

void add_map_options(po::options_description& description) {
  description.add_options()  //
      ("source", po::value<std::string>()->value_name("SCENE|SOURCE"),
       "a scene, or a folder, catalog or STAC API of scenes, or images of your own; also the first argument")
      //
      ("index", po::value<Texts>()->value_name("LIST")->composing(), "names of indices: NDVI,GOSSAN")
      //
      ("expression", po::value<Texts>()->value_name("[NAME=]FORMULA")->composing(),
       "any formula over bands (B08 or nir), indices, numbers and functions; may be given several times")
      //
      ("set", po::value<Texts>()->value_name("NAME=VALUE")->composing(),
       "a constant of formulas; may be given several times")
      //
      ("out,o", po::value<std::string>()->value_name("PATH"),
       "FILE.tif for one raster, otherwise a folder: INDEX.tif, or INDEX_TIME.tif of several acquisitions")
      //
      ("sites", po::value<std::string>()->value_name("FILE"),
       "vector file of polygons with id: a table of statistics over each, acquisition by acquisition, not rasters")
      //
      ("table", po::value<std::string>()->value_name("FILE"), "with --sites: the table as CSV; by default on stdout")
      //
      ("plot", po::value<std::string>()->value_name("FILE"),
       "with --sites: the course of each index, .svg or .png; of several sites FILE_SITE")
      //
      ("from", po::value<std::string>()->value_name("DATE"), "only scenes acquired from here on")
      //
      ("to", po::value<std::string>()->value_name("DATE"), "only scenes acquired up to here; a day whole; also --until")
      //
      ("aoi", po::value<std::string>()->value_name("FILE"),
       "vector file: what lies outside of its polygons has no value")
      //
      ("composite", po::value<std::string>()->value_name("HOW"),
       "one raster of the whole period: median, medoid, clear (the clearest acquisition first) or max-ndvi")
      //
      ("before-from", po::value<std::string>()->value_name("DATE"),
       "with --composite: less the composite of another period, from here on")
      //
      ("before-to", po::value<std::string>()->value_name("DATE"), "and up to here")
      //
      ("type", po::value<std::string>()->value_name("TYPE")->default_value("float32"),
       "of the pixels: float32, or int16 with a scale")
      //
      ("step", po::value<double>()->value_name("STEP"),
       "value of a step of int16; by default as the range of the index asks for, 0.001 where it has none")
      //
      ("png", po::bool_switch(), "a picture with a legend beside each raster")
      //
      ("stretch", po::value<std::string>()->value_name("LOW,HIGH"),
       "values with the first and the last colour of pictures; by default the 2nd and 98th percentile of each")
      //
      ("no-masks", po::bool_switch(), "clouds, shadows and snow have values, too");
  description.add_options()("date", po::value<std::string>()->value_name("DATE"),
                            "when plain images were acquired that do not tell");
  add_image_options(description);
  add_mask_options(description);
  add_check_options(description);
  add_source_options(description);
}

Texts lists_of(const po::variables_map& values, const std::string& option) {
  Texts all;
  if (values.count(option) == 0) return all;
  for (const std::string& list : values[option].as<Texts>()) {
    for (std::string& one : split_list(list)) all.push_back(std::move(one));
  }
  return all;
}

Texts texts_of(const po::variables_map& values, const std::string& option) {
  return values.count(option) != 0 ? values[option].as<Texts>() : Texts{};
}

Compositing parse_compositing(const std::string& text) {
  const auto* const found = std::find(compositing_names.begin(), compositing_names.end(), text);
  if (found == compositing_names.end()) throw ConfigError("--composite must be median, medoid, clear or max-ndvi");
  return static_cast<Compositing>(found - compositing_names.begin());
}

ValueRange parse_stretch(const std::string& text) {
  const Texts parts = split_list(text);
  ValueRange range;
  const auto number = [](const std::string& part, double& into) {
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), into);
    return error == std::errc{} && stop == part.data() + part.size();
  };
  if (parts.size() != 2 || !number(parts[0], range.low) || !number(parts[1], range.high) || !(range.low < range.high)) {
    throw ConfigError("--stretch must be two numbers, LOW,HIGH");
  }
  return range;
}

IndexReading read_reading(const po::variables_map& values) {
  return {read_check_options(values), read_mask_choice(values), !values["no-masks"].as<bool>()};
}

IndexPeriod read_period(const po::variables_map& values) {
  const IndexPeriod period{parse_period_begin(values), parse_period_end(values)};
  check_period(period.from, period.until);
  return period;
}

/// Options of rasters that are given though a table is asked for.
void refuse_raster_options(const po::variables_map& values) {
  for (const char* const option : {"out", "aoi", "composite", "before-from", "before-to", "step", "stretch"}) {
    if (values.count(option) != 0)
      throw ConfigError(std::string("--sites makes a table: --") + option + " is of rasters");
  }
  if (values["png"].as<bool>()) throw ConfigError("--sites makes a table: --png is of rasters; --plot draws it");
}

IndexTableOptions read_table_options(const po::variables_map& values) {
  IndexTableOptions options;
  options.source = required_option(values, "source", "SCENE or SOURCE", "index");
  refuse_raster_options(values);
  options.sites = values["sites"].as<std::string>();
  options.given = read_image_options(values, "date");
  options.period = read_period(values);
  options.reading = read_reading(values);
  options.network = read_source_options(values);
  const CommonOptions common = read_common_options(values);
  options.threads = common.threads;
  options.memory_bytes = common.memory_bytes.value_or(options.memory_bytes);
  return options;
}

/// Where the drawings go.
struct PlotFiles {
  std::string stem;
  std::string ending;  // ".svg" or ".png"

  std::string of_one_site() const { return stem + ending; }
  std::string of_site(const std::string& site) const { return stem + "_" + site + ending; }

  void write(const IndexTable& table) const {
    const auto plots = plots_of(table);
    for (const auto& [site, drawing] : plots) {
      const std::string path = plots.size() == 1 ? of_one_site() : of_site(site);
      if (ending == ".svg") {
        write_file_atomically(path, svg_of(drawing));
        continue;
      }
      constexpr int scale = 2;
      const Picture picture = picture_of(drawing, scale);
      write_png(path, picture.width, picture.height, picture.rgb);
    }
  }
};

PlotFiles read_plot_files(const std::string& path) {
  constexpr std::size_t length = 4;
  const std::string ending = path.size() > length ? path.substr(path.size() - length) : "";
  if (ending != ".svg" && ending != ".png") throw ConfigError("--plot must end in .svg or .png");
  return {path.substr(0, path.size() - length), ending};
}

IndexMapOptions read_map_options(const po::variables_map& values) {
  IndexMapOptions options;
  options.source = required_option(values, "source", "SCENE or SOURCE", "index");
  for (const char* const option : {"table", "plot"}) {
    if (values.count(option) != 0) throw ConfigError(std::string("--") + option + " is of --sites FILE");
  }
  options.out = required_option(values, "out", "--out PATH", "index");
  if (options.out.ends_with(".tif")) {
    options.out = checked_out_file(values, "out", options.out);
  } else {
    check_out_folder("out", options.out);
  }
  options.given = read_image_options(values, "date");
  options.period = read_period(values);
  if (values.count("aoi") != 0) options.aoi = values["aoi"].as<std::string>();
  if (values.count("composite") != 0) options.composite = parse_compositing(values["composite"].as<std::string>());
  if (values.count("before-from") != 0 || values.count("before-to") != 0) {
    options.before = IndexPeriod{parse_period_begin(values, "before-from"), parse_period_end(values, "before-to")};
    check_period(options.before->from, options.before->until);
  }
  const std::string type = values["type"].as<std::string>();
  if (type != "float32" && type != "int16") throw ConfigError("--type must be float32 or int16");
  options.int16 = type == "int16";
  if (values.count("step") != 0) {
    options.int16_scale = values["step"].as<double>();
    if (!options.int16) throw ConfigError("--step is of --type int16");
  }
  options.pictures = values["png"].as<bool>();
  if (values.count("stretch") != 0) options.stretch = parse_stretch(values["stretch"].as<std::string>());
  options.reading = read_reading(values);
  options.network = read_source_options(values);
  const CommonOptions common = read_common_options(values);
  options.threads = common.threads;
  options.memory_bytes = common.memory_bytes.value_or(options.memory_bytes);
  return options;
}

/// Throws ConfigError for a constant that no formula has: it would change nothing.
void refuse_idle_constants(const IndexRequest& request, const GivenConstants& given) {
  Texts known;
  for (const RequestedIndex& index : request.indices) {
    for (const auto& [name, value] : index.constants) {
      if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
    }
  }
  for (const auto& [name, value] : given) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string hint = did_you_mean(name, known);
    if (hint.empty()) {
      for (const std::string& one : known) hint += (hint.empty() ? "; they have " : ", ") + one;
    }
    throw ConfigError("--set " + name + ": none of the formulas has this constant" + hint);
  }
}

class IndexCommand final : public Command {
 public:
  po::options_description options() override {
    po::options_description description("Options of index");
    add_catalogue_options(description);
    add_map_options(description);
    return description;
  }

  std::vector<std::string> positional() const override { return {"source"}; }

  void setup(const po::variables_map& values) override {
    common_ = read_common_options(values);
    list_ = values["list"].as<bool>();
    json_ = values["json"].as<bool>();
    if (values.count("domain") != 0) domain_ = values["domain"].as<std::string>();
    if (values.count("show") != 0) show_ = values["show"].as<std::string>();
    if (list_ && !show_.empty()) throw ConfigError("--list or --show NAME? see pitwatch index --help");
    if (list_ || !show_.empty()) return;
    GivenConstants given;
    for (const std::string& text : texts_of(values, "set")) {
      try {
        add_constant(text, given);
      } catch (const ConfigError& error) {
        throw ConfigError(std::string("--set: ") + error.what());
      }
    }
    request_ = make_request(lists_of(values, "index"), texts_of(values, "expression"), given);
    refuse_idle_constants(request_, given);
    if (values.count("sites") == 0) {
      map_ = read_map_options(values);
      return;
    }
    table_ = read_table_options(values);
    table_file_ = out_file_option(values, "table");
    if (values.count("plot") != 0) plot_files_ = read_plot_files(out_file_option(values, "plot"));
    table_->before_reading = [this](const SourceFiles& read, const Texts& sites) { refuse_inputs(read, sites); };
  }

  int run() override {
    if (list_) {
      std::cout << (json_ ? index_list_json(domain_) : index_list_text(domain_));
      return exit_done;
    }
    if (!show_.empty()) {
      std::cout << index_text(show_);
      return exit_done;
    }
    return table_ ? run_table() : run_map();
  }

 private:
  static void tell(const SkippedScenes& warnings, const SkippedScenes& skipped) {
    for (const auto& [what, why] : warnings) spdlog::warn("{}: {}", what, why);
    for (const auto& [what, why] : skipped) spdlog::warn("{} is left out: {}", what, why);
  }

  /// Of several sites one may be left that has a plot.
  void refuse_inputs(const SourceFiles& read, const Texts& sites) const {
    if (!table_file_.empty()) read.refuse("table", table_file_);
    if (!plot_files_) return;
    read.refuse("plot", plot_files_->of_one_site());
    for (const std::string& site : sites) read.refuse("plot", plot_files_->of_site(site));
  }

  int run_map() {
    IndexMapReport report;
    {
      Progress progress(common_);
      report = map_indices(request_, map_, [&](std::string_view stage, double done) { progress(stage, done); });
    }
    tell(report.warnings, report.skipped);
    for (const std::string& file : report.files) spdlog::debug("written: {}", file);
    spdlog::info("{} of {} acquisitions; {} files, see {}", request_.indices.size() == 1 ? "an index" : "indices",
                 report.acquisitions, report.files.size(), map_.out);
    if (report.without_value == report.rasters) return exit_no_data;
    return report.skipped.empty() ? exit_done : exit_skipped;  // a clouded day of a series is none that was skipped
  }

  int run_table() {
    IndexTable table;
    {
      Progress progress(common_);
      table = index_table(request_, *table_, [&](std::string_view stage, double done) { progress(stage, done); });
    }
    tell(table.warnings, table.skipped);
    if (table_file_.empty()) {
      std::cout << csv_of(table);
    } else {
      write_file_atomically(table_file_, csv_of(table));
    }
    if (plot_files_) plot_files_->write(table);
    spdlog::info("{} rows", table.rows.size());
    return table.skipped.empty() ? exit_done : exit_skipped;
  }

  CommonOptions common_;
  bool list_ = false;
  bool json_ = false;
  std::string domain_;
  std::string show_;
  IndexRequest request_;
  IndexMapOptions map_;
  std::optional<IndexTableOptions> table_;
  std::string table_file_;  // empty: stdout
  std::optional<PlotFiles> plot_files_;
};

}  // namespace

const CommandEntry index_entry{
    "index",
    "index SCENE|SOURCE --index NAME[,NAME...] --out PATH | --sites FILE [options]; index --list | --show NAME",
    "spectral indices by name or formula: rasters, composites, differences, tables over sites",
    []() -> std::unique_ptr<Command> { return std::make_unique<IndexCommand>(); }};

}  // namespace pitwatch::tools
