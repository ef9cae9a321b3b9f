// The file of --config: one for several commands.

#include "tools/config_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/unit/io/test_support.hpp"
#include "tools/command_alerts.hpp"
#include "tools/command_compare.hpp"
#include "tools/command_run.hpp"
#include "tools/common_options.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigFile : public ::testing::Test {
 protected:
  po::variables_map read(const CommandEntry& entry, const std::string& call, const std::string& text) {
    test::write_text(file_, text);
    return parse_options(*entry.make(), {"--config", file_}, call);
  }

  std::string refusal(const std::string& text) {
    return test::message_of<ConfigError>([&] { read(run_entry, "run", text); });
  }

  test::TemporaryFolder folder_;
  std::string file_ = folder_ / "pitwatch.conf";
};

TEST_F(ConfigFile, AFileWithoutSectionsIsForEveryCommand) {
  const std::string text = "sites = a.geojson\nthreads=3 # of four\n";
  EXPECT_EQ(read(run_entry, "run", text)["sites"].as<std::string>(), "a.geojson");
  EXPECT_EQ(read(compare_entry, "compare", text)["threads"].as<int>(), 3);
  EXPECT_EQ(read(compare_entry, "", text)["threads"].as<int>(), 3);
}

TEST_F(ConfigFile, ASectionIsOfItsCommand) {
  const std::string text =
      "threads = 1\n[run]\nthreads = 2\n[common]\nquiet = true\n[alerts]\nthreads = 3\n[ alerts list ]\nthreads = 4\n";
  EXPECT_EQ(read(run_entry, "run", text)["threads"].as<int>(), 2);
  EXPECT_EQ(read(rerun_entry, "rerun", text)["threads"].as<int>(), 1);
  EXPECT_EQ(read(alerts_show_entry, "alerts show", text)["threads"].as<int>(), 3);
  EXPECT_EQ(read(alerts_list_entry, "alerts list", text)["threads"].as<int>(), 4);
  EXPECT_TRUE(read(run_entry, "run", text)["quiet"].as<bool>());
  EXPECT_EQ(read(run_entry, "", text)["threads"].as<int>(), 1);
}

TEST_F(ConfigFile, SectionsMayStandInPieces) {
  EXPECT_EQ(read(run_entry, "run", "[run]\nsites=a\n[report]\nout=b\n[run]\nsource=c\n")["source"].as<std::string>(),
            "c");
}

TEST_F(ConfigFile, OthersSectionsAreNotLookedInto) {
  EXPECT_NO_THROW(read(run_entry, "run", "[report]\nno-such-option = 1\nnor a line\n[run]\nsites = a\n"));
}

TEST_F(ConfigFile, CommonOptionsOfOtherCommandsArePassedOver) {
  EXPECT_NO_THROW(read(compare_entry, "compare", "[common]\nstate = a\nuntil = 2024-01-01\nconfirm-looks = 3\n"));
  EXPECT_THAT(refusal("[common]\nsits = a\n"),
              AllOf(HasSubstr("pitwatch.conf:2: "), HasSubstr("'sits'"), HasSubstr("sites")));
}

TEST_F(ConfigFile, RefusesWhatIsNoOptionNamingTheLine) {
  EXPECT_THAT(refusal("# one\n[run]\n\nsits = a\n"),
              AllOf(HasSubstr("pitwatch.conf:4: no option 'sits'"), HasSubstr("did you mean sites")));
  EXPECT_THAT(refusal("[run]\nlang = az\n"), HasSubstr("pitwatch.conf:2: no option 'lang'"));
  EXPECT_THAT(refusal("[rnu]\n"),
              AllOf(HasSubstr("pitwatch.conf:1: "), HasSubstr("[rnu]"), HasSubstr("did you mean run")));
  EXPECT_THAT(refusal("[run]\nnor a line\n"), HasSubstr("pitwatch.conf:2: "));
  EXPECT_THAT(refusal("[\x1b[31m]\n"), Not(HasSubstr("\x1b")));
  EXPECT_THAT(refusal("[run]\nsites = a\nsites = b\n"), HasSubstr("sites"));
  for (const std::string option : {"help", "help-all", "config"}) {
    EXPECT_THAT(refusal("quiet = on\n" + option + " = 1\n"),
                AllOf(HasSubstr("pitwatch.conf:2: '" + option + "'"), HasSubstr("command line")));
  }
}

TEST_F(ConfigFile, RefusesValuesThatAreNoneNamingTheLine) {
  EXPECT_THAT(refusal("[run]\nsites = a\nsites = b\n"), AllOf(HasSubstr("pitwatch.conf:3: "), HasSubstr("'sites'")));
  EXPECT_THAT(refusal("[run]\n\nthreads = many\n"),
              AllOf(HasSubstr("pitwatch.conf:3: "), HasSubstr("'many'"), HasSubstr("'threads'")));
  EXPECT_THAT(refusal("quiet = perhaps\n"), AllOf(HasSubstr("pitwatch.conf:1: "), HasSubstr("'perhaps'")));
  EXPECT_THAT(refusal("confirm-observations = \n"), HasSubstr("pitwatch.conf:1: "));
  // A section of its own goes before the common one.
  EXPECT_EQ(read(run_entry, "run", "sites = a\n[run]\nsites = b\n")["sites"].as<std::string>(), "b");
}

TEST_F(ConfigFile, OtherNamesOfOptionsCount) {
  EXPECT_EQ(read(run_entry, "run", "[common]\nto=2022-12-01\n[run]\nuntil=2022-12-02\n")["to"].as<std::string>(),
            "2022-12-02");
  EXPECT_EQ(read(run_entry, "run", "[run]\nconfirm-looks = 4\n")["confirm-observations"].as<double>(), 4);
}

}  // namespace
}  // namespace pitwatch::tools
