// A state of which one byte was changed, or one file lost: verify finds it and names the file.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/nights.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::lines_of;
using test::Nights;
using test::Outcome;
using test::read_text;
using test::run_process;
using test::verify;
using test::write_text;
using ::testing::HasSubstr;

/// A place in a file whose change is to be found, and what the file is called then.
struct Place {
  std::string path;
  std::size_t first = 0;  // of the bytes that count
  std::size_t bytes = 0;
  std::string named;
};

class Tampering : public ::testing::Test {
 protected:
  /// One site that is watched and one that still learns, three nights.
  void SetUp() override {
    json sites = json::parse(read_text(test::night_scenes().sites()));
    json young = sites["features"][0];
    young["properties"] = {{"id", "young"}, {"baseline_to", "2030-01-01"}};
    sites["features"].push_back(young);
    write_text(sites_, sites.dump());
    nights_.deliver(0, 30);
    run();
    nights_.deliver(30, 31);
    run();
    nights_.deliver(31, 32);
    run();
    ASSERT_FALSE(test::names_in(state_ + "/sites/young/kept").empty());
    ASSERT_FALSE(test::published_ids(state_).empty());
  }

  void run(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = nights_.command(state_, more);
    *std::find(command.begin(), command.end(), test::night_scenes().sites()) = sites_;
    const Outcome done = run_process(command);
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }

  Place whole(const std::string& path) const {
    return {state_ + "/" + path, 0, static_cast<std::size_t>(fs::file_size(state_ + "/" + path)), path};
  }

  /// Names in a folder of the state, below it, that end so.
  std::vector<std::string> files(const std::string& folder, const std::string& end) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(state_ + "/" + folder)) {
      const std::string name = fs::relative(entry.path(), state_).string();
      if (entry.is_regular_file() && name.ends_with(end)) found.push_back(name);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  /// Ranges of inputs that were read, as the manifests have them.
  std::vector<Place> inputs() const {
    std::vector<Place> places;
    for (const std::string& name : files("runs", ".json")) {
      const json manifest = json::parse(read_text(state_ + "/" + name));
      for (const json& input : manifest.at("inputs")) {
        const std::string path = input.at("path");
        if (input.at("read") == "all") {
          places.push_back({path, 0, input.at("size"), path});
        } else {
          for (const json& range : input.at("read")) places.push_back({path, range[0], range[1], path});
        }
      }
    }
    return places;
  }

  template <typename T>
  const T& any_of(const std::vector<T>& choice) {
    return choice[random_() % choice.size()];
  }

  /// Changes one byte, looks for it, and sets it right again. `harmless` is what verify may say all the same, for bytes
  /// that say nothing: of a signature its version, and names of algorithms that OpenSSL does not ask.
  void expect_found(const Place& place, const std::vector<std::string>& options, const std::string& harmless = {}) {
    const std::string text = read_text(place.path);
    const std::size_t at = place.first + random_() % place.bytes;
    ASSERT_LT(at, text.size());
    std::string changed = text;
    const auto bits = static_cast<char>(1 + random_() % 255);
    changed[at] = static_cast<char>(changed[at] ^ bits);
    write_text(place.path, changed);
    const Outcome found = verify(state_, options);
    if (!harmless.empty() && found.exit_code == 0) {
      EXPECT_EQ(found.out, harmless) << place.named << ", byte " << at;
      ++harmless_;
      write_text(place.path, text);
      return;
    }
    EXPECT_EQ(found.exit_code, 5) << place.named << ", byte " << at << ": " << found.out << found.err;
    EXPECT_THAT(found.out, HasSubstr(place.named)) << "byte " << at;
    write_text(place.path, text);
  }

  std::mt19937 random_{test::seed_of_run()};
  int harmless_ = 0;
  Nights nights_;
  std::string sites_ = nights_ / "two.geojson";
  std::string state_ = nights_ / "state";
};

TEST_F(Tampering, TwoHundredSingleBytesAreFound) {
  constexpr std::size_t changes = 200;
  EXPECT_EQ(verify(state_, {}).exit_code, 0);
  const std::vector<std::string> of_state[] = {files("sites", ".state"), {"register.gpkg"},
                                               files("runs", ".json"),   {"runs/HEAD"},
                                               {"alerts.geojson"},       files("sites/young/kept", "")};
  const std::vector<Place> read = inputs();
  ASSERT_GT(read.size(), 100U);
  for (std::size_t i = 0; i < changes; ++i) {
    const std::size_t kind = i % (std::size(of_state) + 1);
    if (kind == std::size(of_state)) {
      expect_found(any_of(read), {});
    } else {
      ASSERT_FALSE(of_state[kind].empty());
      expect_found(whole(any_of(of_state[kind])), {"--no-inputs"});
    }
  }
  const Outcome untouched = verify(state_, {});
  EXPECT_EQ(untouched.exit_code, 0) << untouched.out;
  EXPECT_THAT(lines_of(untouched.out)[0], HasSubstr(": fits its record: 3 manifests"));
}

TEST_F(Tampering, WhatIsLostIsFound) {
  const std::string newest = files("runs", ".json").back();
  std::vector<std::string> lost{newest, files("runs", ".json").front(), "runs/HEAD", "register.gpkg", "alerts.geojson"};
  for (const std::string& checkpoint : files("sites", ".state")) lost.push_back(checkpoint);
  const std::vector<std::string> kept = files("sites/young/kept", "");
  lost.push_back(any_of(kept));
  for (const std::string& file : lost) {
    const std::string text = read_text(state_ + "/" + file);
    fs::remove(state_ + "/" + file);
    const Outcome found = verify(state_);
    EXPECT_EQ(found.exit_code, 5) << file << ": " << found.out << found.err;
    EXPECT_THAT(found.out, HasSubstr(file));
    write_text(state_ + "/" + file, text);
  }
  // The newest night as if it had not been: its manifest, and what names it.
  const std::string head = read_text(state_ + "/runs/HEAD");
  const std::string text = read_text(state_ + "/" + newest);
  fs::remove(state_ + "/" + newest);
  const json manifest = json::parse(text);
  write_text(state_ + "/runs/HEAD", manifest["previous"]["sha256"].get<std::string>() + "  " +
                                        manifest["previous"]["name"].get<std::string>() + "\n");
  EXPECT_EQ(verify(state_).exit_code, 5) << "the files are those of the night that was taken away";
  write_text(state_ + "/runs/HEAD", head);
  write_text(state_ + "/" + newest, text);
  EXPECT_EQ(verify(state_).exit_code, 0);
}

TEST_F(Tampering, OfASignedStateTheSignatureToo) {
  if (run_process({"/bin/sh", "-c", "command -v openssl"}).exit_code != 0) GTEST_SKIP() << "no openssl";
  const std::string certificate = nights_ / "watch.pem";
  const std::string key = nights_ / "watch.key";
  const Outcome made = run_process({"/bin/sh", "-c",
                                    "openssl req -x509 -newkey rsa:2048 -nodes -days 9999 -subj '/CN=Night watch' "
                                    "-addext 'keyUsage=critical,digitalSignature,keyCertSign' -keyout '" +
                                        key + "' -out '" + certificate + "'"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  run({"--sign-certificate", certificate, "--sign-key", key});
  const std::vector<std::string> trust{"--no-inputs", "--trust", certificate};
  const Outcome right = verify(state_, trust);
  EXPECT_EQ(right.exit_code, 0);
  const std::vector<std::string> signatures = files("runs", ".p7s");
  ASSERT_EQ(signatures.size(), 1U);
  for (int i = 0; i < 30; ++i) expect_found(whole(signatures[0]), trust, right.out);
  EXPECT_LT(harmless_, 6);
  for (const char* const file : {"alerts.geojson", "register.gpkg", "runs/HEAD"}) expect_found(whole(file), trust);
  expect_found(whole(files("runs", ".json").back()), trust);
  EXPECT_EQ(verify(state_, trust).exit_code, 0);
  fs::remove(state_ + "/" + signatures[0]);
  EXPECT_EQ(verify(state_, trust).exit_code, 5);
}

TEST_F(Tampering, AKeyThatDoesNotFitIsMetBeforeTheNightsWork) {
  const std::string state = nights_ / "never";
  const std::string pem = nights_ / "junk.pem";
  write_text(pem, "-----BEGIN");
  const Outcome refused = run_process(nights_.command(state, {"--sign-certificate", pem, "--sign-key", pem}));
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("junk.pem"));
  EXPECT_FALSE(fs::exists(state + "/sites")) << "scenes were taken in";
}

}  // namespace
}  // namespace pitwatch
