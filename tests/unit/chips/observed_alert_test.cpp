// observations.csv.

#include "pipeline/chips/observed_alert.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using test::message_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

ObservedAlert row_at(const char* acquired) {
  ObservedAlert row;
  row.acquisition = "S2A";
  row.acquired = parse_instant(acquired);
  row.clear_share = 0.75;
  row.detected_share = 0.5;
  row.probability = 0.9375;
  row.features[0] = {-0.125, 0.5, 0.0625};
  row.features[5] = {-2.25, {}, {}};
  return row;
}

TEST(ObservedAlerts, ComeBackAsTheyWere) {
  const test::TemporaryFolder state;
  std::vector<ObservedAlert> rows{row_at("2021-06-10T07:44:58.024Z"), row_at("2021-06-15"), row_at("2021-06-15")};
  rows[1].use = AlertSeen::masked;
  rows[1].why = "cloud, \"thin\"";
  rows[2].use = AlertSeen::skipped;
  rows[2].acquisition = "=1+1";
  rows[2].probability.reset();
  write_observations(state.path(), "s", "PW-1", rows);
  EXPECT_EQ(read_observations(state.path(), "s", "PW-1"), rows);
  EXPECT_TRUE(std::filesystem::exists(state / "chips/s/PW-1/observations.csv"));
  EXPECT_TRUE(read_observations(state.path(), "s", "PW-2").empty());
}

TEST(ObservedAlerts, TheTableReadsWell) {
  std::vector<ObservedAlert> rows{row_at("2021-06-10")};
  rows[0].acquisition = "@formula";
  const std::string text = observations_text(rows);
  EXPECT_THAT(text, StartsWith("acquisition,acquired,use,why,clear_share,detected_share,probability,ndvi,ndvi_expected,"
                               "ndvi_sd,bsi,bsi_expected,bsi_sd,mndwi,"));
  EXPECT_THAT(text,
              HasSubstr("\n'@formula,2021-06-10T00:00:00Z,clear,,0.7500,0.5000,0.9375,-0.1250,0.5000,0.0625,,,,"));
  EXPECT_EQ(observations_text({}).find('\n'), observations_text({}).size() - 1);
}

TEST(ObservedAlerts, WhatCannotBeIsRefusedByFileLineAndColumn) {
  const test::TemporaryFolder state;
  const std::string path = state / "chips/s/PW-1/observations.csv";
  std::vector<ObservedAlert> rows{row_at("2021-06-10"), row_at("2021-06-15")};
  write_observations(state.path(), "s", "PW-1", rows);
  const std::string whole = test::read_text(path);
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    text.replace(text.rfind(from), from.size(), to);
    test::write_text(path, text);
    const std::string message = message_of<DataError>([&] { read_observations(state.path(), "s", "PW-1"); });
    EXPECT_THAT(message, StartsWith(path + ": "));
    return message;
  };
  EXPECT_THAT(refusal("clear,", "seen,"), HasSubstr("line 3: column use: 'seen' cannot be"));
  EXPECT_THAT(refusal("2021-06-15T00:00:00Z", "soon"), HasSubstr("line 3: column acquired: 'soon'"));
  EXPECT_THAT(refusal("2021-06-15", "2021-06-09"), HasSubstr("line 3: is earlier than the line before"));
  EXPECT_THAT(refusal("0.7500", "1.0001"), HasSubstr("line 3: column clear_share: '1.0001'"));
  EXPECT_THAT(refusal("0.7500", ""), HasSubstr("column clear_share: ''"));
  EXPECT_THAT(refusal("0.7500,0.5000", "0.7500,-0.5"), HasSubstr("column detected_share"));
  EXPECT_THAT(refusal("0.9375", "nan"), HasSubstr("column probability: 'nan'"));
  EXPECT_THAT(refusal("-0.1250", "-0.1250x"), HasSubstr("column ndvi: '-0.1250x'"));
  EXPECT_THAT(refusal("why", "reason"), HasSubstr("why"));
  std::filesystem::remove(path);
  std::filesystem::create_symlink("/dev/zero", path);
  EXPECT_THAT(message_of<DataError>([&] { read_observations(state.path(), "s", "PW-1"); }), HasSubstr("is a link"));
}

}  // namespace
}  // namespace pitwatch
