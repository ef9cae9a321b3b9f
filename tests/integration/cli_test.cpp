// The command line as a user meets it: exit codes, one line on stderr that says what is wrong, nothing on stdout that
// was not asked for, and never half an output.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "pipeline/core/grid.hpp"
#include "pipeline/core/plane.hpp"
#include "pipeline/io/raster/geotiff_writer.hpp"
#include "tests/integration/process.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Invocation;
using test::lines_of;
using test::names_in;
using test::Outcome;
using test::run_process;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr int exit_done = 0;
constexpr int exit_internal = 1;
constexpr int exit_usage = 2;
constexpr int exit_no_data = 3;

constexpr int side_px = 160;
const std::vector<std::string> band_names{"B02", "B04", "B08", "B11"};

/// A scene small enough to write for every test: smooth ground, and on AFTER a bright square.
struct SmallScene {
  std::string name;
  std::string datetime;
  bool disturbed = false;
  MapPoint origin{637000, 4446000};
  std::string crs = "EPSG:32638";
  bool empty = false;  // nothing but nodata
};

const SmallScene small_before{"before", "2025-06-12T08:06:11Z"};
const SmallScene small_after{"after", "2025-08-31T08:06:13Z", true};

/// Ground that looks like no other place of itself, so that the dates can be aligned.
std::uint16_t dn_of(const SmallScene& scene, const std::string& band, double pixel_size_m, int x, int y) {
  if (scene.empty) return 0;
  const int column = static_cast<int>(x * pixel_size_m / 10);
  const int row = static_cast<int>(y * pixel_size_m / 10);
  if (scene.disturbed && column >= 60 && column < 80 && row >= 60 && row < 80) {
    return band == "B02" ? 1900 : 3000;  // reddish: what is white is cloud
  }
  const auto patch = static_cast<unsigned>(column / 5 + 1000 * (row / 5));
  const auto own = static_cast<unsigned>(band.back() - '0');  // bands with the same pixels are copies
  return static_cast<std::uint16_t>(1600 + own + (patch * 2654435761U >> 16) % 150);
}

json item_of(const SmallScene& scene) {
  json assets = json::object();
  for (const std::string& band : band_names) {
    assets[band] = {{"href", scene.name + "_" + band + ".tif"},
                    {"raster:bands", {{{"nodata", 0}, {"scale", 1e-4}, {"offset", 0}}}}};
  }
  return {{"type", "Feature"},
          {"stac_version", "1.0.0"},
          {"id", scene.name},
          {"properties", {{"datetime", scene.datetime}, {"platform", "sentinel-2a"}}},
          {"assets", assets}};
}

class Cli : public ::testing::Test {
 protected:
  Cli() {
    write_scene(small_before);
    write_scene(small_after);
  }

  void write_scene(const SmallScene& scene) const {
    for (const std::string& band : band_names) {
      const double pixel_size_m = band == "B11" ? 20 : 10;
      const int side = static_cast<int>(side_px * 10 / pixel_size_m);
      const Grid grid{scene.crs, scene.origin, pixel_size_m, side, side};
      Plane<std::uint16_t> dn(side, side);
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) dn.at(x, y) = dn_of(scene, band, pixel_size_m, x, y);
      }
      write_geotiff_u16(folder_ / (scene.name + "_" + band + ".tif"), grid, dn.view(), 0);
    }
    write_item(scene.name, item_of(scene));
  }

  void write_item(const std::string& name, const json& item) const {
    test::write_text(folder_ / (name + ".json"), item.dump());
  }

  std::string out() const { return folder_ / "out"; }

  /// compare on the folder's scenes; later arguments follow.
  Invocation comparison(const std::vector<std::string>& more = {}) const {
    Invocation run{
        {PITWATCH_PROGRAM, "compare", folder_ / "before.json", folder_ / "after.json", "--out", out()}, {}, {}, {}};
    run.command.insert(run.command.end(), more.begin(), more.end());
    return run;
  }

  /// The contract of a failure: exit code, one line naming all of `words`, empty stdout, no output and no remains.
  void expect_failure(const Invocation& run, int exit_code, const std::vector<std::string>& words) const {
    const Outcome outcome = run_process(run);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    const std::vector<std::string> lines = lines_of(outcome.err);
    ASSERT_THAT(lines, SizeIs(1)) << outcome.err;
    EXPECT_THAT(lines[0], StartsWith("pitwatch: error: "));
    for (const std::string& word : words) EXPECT_THAT(lines[0], HasSubstr(word));
    EXPECT_THAT(names_in(out()), IsEmpty());
  }

  test::TemporaryFolder folder_;
};

// ---- done
// ------------------------------------------------------------------------------------------------------------

TEST_F(Cli, CompareWritesFourFilesAndNothingOnStdout) {
  const Outcome outcome = run_process(comparison());
  ASSERT_EQ(outcome.exit_code, exit_done) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(names_in(out()), ElementsAre("alerts.geojson", "mask.tif", "run.json", "score.tif"));
  const json alerts = json::parse(test::read_text(out() + "/alerts.geojson"));
  EXPECT_EQ(alerts.at("features").size(), 1U);
  const json record = json::parse(test::read_text(out() + "/run.json"));
  EXPECT_EQ(record.at("alerts").at("count"), 1);
}

TEST_F(Cli, HelpAndVersionGoToStdout) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"},
                                                {"-h"},
                                                {"help"},
                                                {"compare", "--help"},
                                                {"compare", "-h"},
                                                {"compare", "--help-all"},
                                                {"help", "compare"},
                                                {"alerts", "-h"},
                                                {"alerts", "list", "--help-all"},
                                                {"--version"}}) {
    std::vector<std::string> command{PITWATCH_PROGRAM};
    command.insert(command.end(), words.begin(), words.end());
    const Outcome outcome = run_process(command);
    EXPECT_EQ(outcome.exit_code, exit_done) << words[0];
    EXPECT_EQ(outcome.err, "") << words[0];
    EXPECT_THAT(lines_of(outcome.out), SizeIs(::testing::Ge(5))) << words[0];
  }
  EXPECT_THAT(run_process({PITWATCH_PROGRAM, "--version"}).out,
              AllOf(StartsWith("pitwatch "), HasSubstr("\nsource "), HasSubstr("GDAL "), HasSubstr("SIMD target ")));
}

TEST_F(Cli, HelpListsEveryOptionWithItsDefault) {
  const std::string help = run_process({PITWATCH_PROGRAM, "compare", "--help-all"}).out;
  for (const char* option : {"--out", "--aoi", "--min-area-ha", "--simplify", "--score-low", "--score-high",
                             "--min-confidence", "--tile-size", "--offset-check", "--gate", "--config", "--threads",
                             "--memory", "--quiet", "--verbose", "--log-json"}) {
    EXPECT_THAT(help, HasSubstr(option));
  }
  EXPECT_THAT(help, HasSubstr("(=refuse)"));
}

TEST_F(Cli, HelpToAFullDeviceIsAFailure) {
  const Outcome outcome = run_process({"/bin/sh", "-c", std::string(PITWATCH_PROGRAM) + " --help > /dev/full"});
  EXPECT_EQ(outcome.exit_code, exit_internal);
  EXPECT_THAT(lines_of(outcome.err), SizeIs(1));
}

TEST_F(Cli, QuietSaysNothing) {
  const Outcome outcome = run_process(comparison({"--quiet"}));
  EXPECT_EQ(outcome.exit_code, exit_done);
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST_F(Cli, QuietStillReportsErrors) {
  write_item("after", {});
  expect_failure(comparison({"--quiet"}), exit_no_data, {"after.json"});
}

TEST_F(Cli, LogJsonLinesParse) {
  for (const bool broken : {false, true}) {
    if (broken) write_item("after", {{"type", "\"quoted\" \x01"}});
    const Outcome outcome = run_process(comparison({"--log-json", "--verbose"}));
    EXPECT_EQ(outcome.exit_code, broken ? exit_no_data : exit_done);
    const std::vector<std::string> lines = lines_of(outcome.err);
    ASSERT_THAT(lines, Not(IsEmpty()));
    for (const std::string& line : lines) {
      const json parsed = json::parse(line, nullptr, false);
      ASSERT_TRUE(parsed.is_object()) << line;
      EXPECT_TRUE(parsed.contains("time") && parsed.contains("level") && parsed.contains("message")) << line;
    }
    EXPECT_EQ(json::parse(lines.back()).at("level"), broken ? "error" : "info");
  }
}

TEST_F(Cli, CommandLineOverConfigOverEnvironment) {
  const auto min_area = [&](bool command_line, bool config, bool environment) {
    Invocation run = comparison();
    test::write_text(folder_ / "options.ini", "min-area-ha = 0.3\n");
    if (command_line) run.command.insert(run.command.end(), {"--min-area-ha", "0.2"});
    if (config) run.command.insert(run.command.end(), {"--config", folder_ / "options.ini"});
    if (environment) run.environment["PITWATCH_MIN_AREA_HA"] = "0.4";
    const Outcome outcome = run_process(run);
    EXPECT_EQ(outcome.exit_code, exit_done) << outcome.err;
    return json::parse(test::read_text(out() + "/run.json")).at("options").at("min_area_ha").get<double>();
  };
  EXPECT_EQ(min_area(false, false, false), 0.1);
  EXPECT_EQ(min_area(false, false, true), 0.4);
  EXPECT_EQ(min_area(false, true, true), 0.3);
  EXPECT_EQ(min_area(true, true, true), 0.2);
  EXPECT_EQ(min_area(true, false, true), 0.2);
}

TEST_F(Cli, VariablesThatAreNearlyAnOptionAreNamed) {
  const auto said = [&](const std::string& variable) {
    Invocation run = comparison();
    run.environment[variable] = "0.4";
    const Outcome outcome = run_process(run);
    EXPECT_EQ(outcome.exit_code, exit_done) << outcome.err;
    EXPECT_EQ(json::parse(test::read_text(out() + "/run.json")).at("options").at("min_area_ha").get<double>(), 0.1);
    return outcome.err;
  };
  EXPECT_THAT(said("PITWATCH_MIN_AERA_HA"), HasSubstr("warning: PITWATCH_MIN_AERA_HA: no option has this variable; did "
                                                      "you mean PITWATCH_MIN_AREA_HA?"));
  EXPECT_THAT(said("PITWATCH_MIN_AREA"), HasSubstr("did you mean PITWATCH_MIN_AREA_HA?")) << "without its last word";
  Invocation quiet = comparison({"--quiet"});
  quiet.environment["PITWATCH_MIN_AERA_HA"] = "0.4";
  EXPECT_THAT(run_process(quiet).err, HasSubstr("PITWATCH_MIN_AERA_HA: no option has this variable"));
  // Not an option, nor nearly one; one of another command; a name without the prefix.
  for (const std::string variable : {"PITWATCH_ELSEWHERE", "PITWATCH_CONFIRM_OBSERVATIONS", "MIN_AERA_HA"}) {
    EXPECT_THAT(said(variable), Not(HasSubstr("no option has"))) << variable;
  }
}

TEST_F(Cli, WhatIsGivenEmptyIsNotPassedOver) {
  expect_failure(comparison({"--aoi", ""}), exit_usage, {"--aoi: is given, and empty"});
  expect_failure({{PITWATCH_PROGRAM, "verify", folder_.path(), "--trust", ""}, {}, {}, {}}, exit_usage,
                 {"--trust: is given"});
  expect_failure({{PITWATCH_PROGRAM, "run", "--unit", ""}, {}, {}, {}}, exit_usage, {"--unit: is given"});
  test::write_text(folder_ / "options.ini", "aoi =\n");
  expect_failure(comparison({"--config", folder_ / "options.ini"}), exit_usage, {"--aoi: is given"});
  Invocation run = comparison();
  run.environment["PITWATCH_AOI"] = "";
  EXPECT_EQ(run_process(run).exit_code, exit_done);
}

TEST_F(Cli, ConfigFileMayBeNamedByTheEnvironment) {
  test::write_text(folder_ / "options.ini", "quiet = true\n");
  Invocation run = comparison();
  run.environment["PITWATCH_CONFIG"] = folder_ / "options.ini";
  const Outcome outcome = run_process(run);
  EXPECT_EQ(outcome.exit_code, exit_done);
  EXPECT_EQ(outcome.err, "");
}

// ---- 2: usage
// ----------------------------------------------------------------------------------------------------------

TEST_F(Cli, NoCommandShowsUsageOnStderr) {
  const Outcome outcome = run_process({PITWATCH_PROGRAM});
  EXPECT_EQ(outcome.exit_code, exit_usage);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("usage: pitwatch COMMAND"));
}

TEST_F(Cli, UnknownCommandAndOptions) {
  expect_failure({{PITWATCH_PROGRAM, "compair"}, {}, {}, {}}, exit_usage,
                 {"compair", "did you mean compare?", "pitwatch --help"});
  expect_failure({{PITWATCH_PROGRAM, "alerts", "lits"}, {}, {}, {}}, exit_usage, {"lits", "did you mean list?"});
  expect_failure(comparison({"--min-area", "1"}), exit_usage, {"--min-area'", "did you mean --min-area-ha?"});
  expect_failure(comparison({"third.json"}), exit_usage, {"too many positional"});
  expect_failure({{PITWATCH_PROGRAM, "--threads", "1"}, {}, {}, {}}, exit_usage, {"--threads"});
}

TEST_F(Cli, MissingArguments) {
  const std::string before = folder_ / "before.json";
  const std::string after = folder_ / "after.json";
  expect_failure({{PITWATCH_PROGRAM, "compare", before, after}, {}, {}, {}}, exit_usage, {"--out", "missing"});
  expect_failure({{PITWATCH_PROGRAM, "compare", before, "--out", out()}, {}, {}, {}}, exit_usage, {"AFTER", "missing"});
  expect_failure({{PITWATCH_PROGRAM, "compare", "--out", out()}, {}, {}, {}}, exit_usage, {"BEFORE", "missing"});
  expect_failure({{PITWATCH_PROGRAM, "compare", before, after, "--out"}, {}, {}, {}}, exit_usage, {"--out"});
}

TEST_F(Cli, BadNumbers) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> bad{
      {"--threads", {"-1", "two", "1.5", "100000", "99999999999", ""}},
      {"--memory", {"lots", "0", "-1GiB", "nan", "1e99", "1XiB", ""}},
      {"--min-area-ha", {"-1", "nan", "inf", "a", "1e9"}},
      {"--simplify", {"-1", "nan", "1e9", "x"}},
      {"--score-low", {"0", "-1", "2", "nan"}},
      {"--score-high", {"0", "1.5", "nan"}},
      {"--min-confidence", {"-0.1", "1.5", "nan"}},
      {"--tile-size", {"63", "100", "-64", "1000000", "64px"}},
  };
  for (const auto& [option, values] : bad) {
    for (const std::string& value : values) {
      SCOPED_TRACE(option + "=" + value);
      expect_failure(comparison({option + "=" + value}), exit_usage, {option});
    }
  }
}

TEST_F(Cli, BadConfigFileAndEnvironment) {
  expect_failure(comparison({"--config", folder_ / "none.ini"}), exit_usage, {"none.ini"});
  test::write_text(folder_ / "bad.ini", "no-such-option = 1\n");
  expect_failure(comparison({"--config", folder_ / "bad.ini"}), exit_usage, {"bad.ini:1", "no-such-option"});
  test::write_text(folder_ / "sections.ini", "[run]\nno-such-option = 1\n[compare]\nmin-area = 1\n");
  expect_failure(comparison({"--config", folder_ / "sections.ini"}), exit_usage,
                 {"sections.ini:4", "did you mean min-area-ha?"});
  // What would be read for ever.
  ASSERT_EQ(::mkfifo((folder_ / "pipe.ini").c_str(), 0600), 0);
  expect_failure(comparison({"--config", folder_ / "pipe.ini"}), exit_usage, {"pipe.ini: is no regular file"});
  expect_failure(comparison({"--config", "/dev/zero"}), exit_usage, {"/dev/zero: is no regular file"});
  expect_failure(comparison({"--config", folder_ / ""}), exit_usage, {"is no regular file"});
  test::write_text(folder_ / "large.ini", "");
  std::filesystem::resize_file(folder_ / "large.ini", std::uintmax_t{20} << 30);
  expect_failure(comparison({"--config", folder_ / "large.ini"}), exit_usage, {"large.ini: is larger than 1048576"});
  // In which messages would be put into themselves without an end.
  test::write_text(folder_ / "endless.ini", "+%invalid_line%%value%\n");
  expect_failure(comparison({"--config", folder_ / "endless.ini"}), exit_usage, {"endless.ini:1", "%value%"});
  test::write_text(folder_ / "comment.ini", "# %value%\nthreads = many # %option%\n");
  expect_failure(comparison({"--config", folder_ / "comment.ini"}), exit_usage, {"'many'"});
  expect_failure(comparison({"--threads=%value%"}), exit_usage, {"%value%"});
  expect_failure(comparison({"--%option%"}), exit_usage, {"%option%"});
  Invocation run = comparison();
  run.environment["PITWATCH_THREADS"] = "%value%x";
  expect_failure(run, exit_usage, {"%value%"});
  run.environment["PITWATCH_THREADS"] = "many";
  expect_failure(run, exit_usage, {"many"});
  run.environment = {{"PITWATCH_SIMD", "MMX"}};
  expect_failure(run, exit_usage, {"PITWATCH_SIMD"});
}

TEST_F(Cli, TooLittleMemory) {
  expect_failure(comparison({"--memory", "1KiB"}), exit_usage, {"--memory", "MiB are needed"});
}

TEST_F(Cli, AfterIsNotLater) {
  Invocation run = comparison();
  std::swap(run.command[2], run.command[3]);
  expect_failure(run, exit_usage, {"AFTER", "before.json", "2025-06-12", "not later"});
  run.command[3] = run.command[2];
  expect_failure(run, exit_usage, {"not later"});
}

TEST_F(Cli, OutputFolderThatCannotBe) {
  // The tests may run as root, whom permissions do not bind.
  test::write_text(folder_ / "file", "");
  for (const std::string& folder : {folder_ / "file", folder_ / "file/below", std::string("/proc/pitwatch"),
                                    std::string("/proc/self"), std::string("/dev/null")}) {
    SCOPED_TRACE(folder);
    Invocation run = comparison();
    run.command[5] = folder;
    expect_failure(run, exit_usage, {"--out", folder});
  }
}

// ---- 3: inputs
// -----------------------------------------------------------------------------------------------------------

TEST_F(Cli, NoSuchFile) {
  fs::remove(folder_ / "after.json");
  expect_failure(comparison(), exit_no_data, {"after.json", "No such file"});
}

TEST_F(Cli, NotAStacItem) {
  const std::vector<std::pair<std::string, std::string>> texts{
      {"", "not JSON"},
      {"{\"type\": \"Feat", "not JSON"},
      {std::string("\x89PNG\r\n\x1a\n\0\xff", 10), "not JSON"},
      {"[]", "not a STAC item"},
      {R"({"type": "FeatureCollection", "features": []})", "not a STAC item"},
      {R"({"type": "Feature", "geometry": null, "properties": {}})", "not a STAC item"},
  };
  for (const auto& [text, reason] : texts) {
    SCOPED_TRACE(text);
    test::write_text(folder_ / "after.json", text);
    expect_failure(comparison(), exit_no_data, {"after.json", reason});
  }
  fs::remove(folder_ / "after.json");
  fs::create_directory(folder_ / "after.json");
  expect_failure(comparison(), exit_no_data, {"after.json"});
}

TEST_F(Cli, BandIsMissing) {
  for (const char* band : {"B04", "B08"}) {
    json item = item_of(small_after);
    item["assets"].erase(band);
    write_item("after", item);
    expect_failure(comparison(), exit_no_data, {"AFTER", "after.json", band});
  }
}

TEST_F(Cli, BandThatCanBeDoneWithoutIsMissing) {
  for (const char* band : {"B02", "B11"}) {
    json item = item_of(small_after);
    item["assets"].erase(band);
    write_item("after", item);
    const Outcome outcome = run_process(comparison());
    EXPECT_EQ(outcome.exit_code, exit_done) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(std::string("warning: no ") + band + " on both dates"));
    const json alerts = json::parse(test::read_text(out() + "/alerts.geojson")).at("features");
    EXPECT_THAT(alerts, SizeIs(1)) << band;
    fs::remove_all(out());
  }
}

TEST_F(Cli, HrefCannotBeRead) {
  fs::remove(folder_ / "before_B08.tif");
  expect_failure(comparison(), exit_no_data, {"BEFORE", "B08", "before_B08.tif", "No such file"});
  test::write_text(folder_ / "before_B08.tif", "no raster");
  expect_failure(comparison(), exit_no_data, {"BEFORE", "B08", "before_B08.tif"});
  fs::remove(folder_ / "before_B08.tif");
  fs::create_directory(folder_ / "before_B08.tif");
  expect_failure(comparison(), exit_no_data, {"BEFORE", "B08", "before_B08.tif"});
}

TEST_F(Cli, HrefThatMayNotBeRead) {
  json item = item_of(small_after);
  const std::vector<std::pair<std::string, std::string>> hrefs{
      {"https://example.com/B04.tif?token=secret", "https://example.com/B04.tif"},
      {"http://example.com/B04.tif", "http://example.com/B04.tif"},
      {"s3://bucket/B04.tif", "s3://bucket/B04.tif"},
      {"../B04.tif", "../B04.tif"},
      {"/vsicurl/http://x/y", "/vsicurl/http://x/y"}};
  for (const auto& [href, shown] : hrefs) {
    item["assets"]["B04"]["href"] = href;
    write_item("after", item);
    expect_failure(comparison(), exit_no_data, {"after.json", "B04", shown});
    EXPECT_THAT(run_process(comparison()).err, Not(HasSubstr("secret")));
  }
}

TEST_F(Cli, UrlThatIsNoItemIsAUsageError) {
  for (const char* url : {"https://example.com/stac/v1", "ftp://example.com/after.json"}) {
    Invocation run = comparison();
    run.command[3] = url;
    expect_failure(run, exit_usage, {url});
  }
}

TEST_F(Cli, TruncatedTiff) {
  const std::string path = folder_ / "after_B04.tif";
  const std::string whole = test::read_text(path);
  for (const std::size_t keep :
       {std::size_t{0}, std::size_t{8}, std::size_t{400}, whole.size() / 2, whole.size() - 1}) {
    SCOPED_TRACE(keep);
    test::write_text(path, whole.substr(0, keep));
    expect_failure(comparison(), exit_no_data, {"AFTER", "B04", "after_B04.tif"});
  }
}

TEST_F(Cli, OtherCrs) {
  SmallScene scene = small_after;
  scene.crs = "EPSG:32639";
  write_scene(scene);
  expect_failure(comparison(), exit_no_data, {"AFTER", "after_B02.tif", "EPSG:32639", "EPSG:32638"});
}

TEST_F(Cli, ScenesThatDoNotOverlap) {
  SmallScene scene = small_after;
  scene.origin.x += 20000;
  write_scene(scene);
  expect_failure(comparison(), exit_no_data, {"do not overlap", "before_B04.tif", "after_B04.tif"});
}

TEST_F(Cli, NothingButNodata) {
  SmallScene scene = small_after;
  scene.empty = true;
  write_scene(scene);
  expect_failure(comparison(), exit_no_data, {"before_B04.tif", "after_B04.tif", "0 are valid"});
}

TEST_F(Cli, AreaOfInterestIsUnusable) {
  expect_failure(comparison({"--aoi", folder_ / "none.geojson"}), exit_no_data, {"none.geojson"});
  test::write_text(folder_ / "far.geojson", R"({"type": "Polygon",
      "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]})");
  expect_failure(comparison({"--aoi", folder_ / "far.geojson"}), exit_no_data, {"far.geojson"});
}

// ---- 1: outputs
// ------------------------------------------------------------------------------------------------------------

TEST_F(Cli, FullDevice) {
  for (const rlim_t bytes : {rlim_t{0}, rlim_t{600}, rlim_t{1500}}) {
    SCOPED_TRACE(bytes);
    Invocation run = comparison();
    run.largest_file_bytes = bytes;
    // stderr is a file here, too: with no byte to spare the message itself is lost.
    const Outcome outcome = run_process(run);
    EXPECT_EQ(outcome.exit_code, exit_internal) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    if (bytes > 0) {
      ASSERT_THAT(lines_of(outcome.err), SizeIs(1));
      EXPECT_THAT(outcome.err, AllOf(HasSubstr(out()), HasSubstr("File too large")));
    }
    for (const std::string& name : names_in(out())) {
      EXPECT_FALSE(name == "run.json" || name.front() == '.') << "left behind: " << name;
    }
  }
}

TEST_F(Cli, AFailedRunLeavesOlderOutputsAsTheyWere) {
  ASSERT_EQ(run_process(comparison()).exit_code, exit_done);
  const std::string alerts = test::read_text(out() + "/alerts.geojson");
  fs::resize_file(folder_ / "after_B04.tif", fs::file_size(folder_ / "after_B04.tif") / 2);
  EXPECT_EQ(run_process(comparison()).exit_code, exit_no_data);
  EXPECT_EQ(test::read_text(out() + "/alerts.geojson"), alerts);
  EXPECT_THAT(names_in(out()), ElementsAre("alerts.geojson", "mask.tif", "run.json", "score.tif"));
}

}  // namespace
}  // namespace pitwatch
