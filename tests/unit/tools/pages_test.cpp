// Manual pages and completions: whole, and as the programs that read them want them.

#include "tools/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "tests/integration/process.hpp"
#include "tests/unit/io/test_support.hpp"
#include "tools/help.hpp"

namespace pitwatch::tools {
namespace {

using ::testing::HasSubstr;

const PageOrigin origin{"1.2.3", "2026-11-30"};

const Call& call_of(const std::string& name) {
  static const std::vector<Call> calls = all_calls();
  for (const Call& call : calls) {
    if (call.name == name) return call;
  }
  throw std::out_of_range(name);
}

std::string program(const char* name) {
  for (const std::string folder : {"/usr/bin/", "/bin/"}) {
    if (std::filesystem::exists(folder + name)) return folder + name;
  }
  return {};
}

TEST(ManualPages, HaveEveryOption) {
  for (const Call& call : all_calls()) {
    SCOPED_TRACE(call.name);
    const std::string page = command_page(call, origin);
    const auto command = call.entry->make();
    for (const OptionGroup& group : option_groups(*command)) {
      for (const auto& option : group.options) {
        std::string name = option->long_name();
        for (std::size_t at = 0; (at = name.find('-', at)) != std::string::npos; at += 2) name.insert(at, "\\");
        EXPECT_THAT(page, HasSubstr(name));
      }
    }
  }
  EXPECT_THAT(command_page(call_of("run"), origin), HasSubstr("\\fB\\-\\-chips\\fR \\fIN\\fR (=24)"));
}

TEST(ManualPages, NameEveryCommandAndExitCode) {
  const std::string page = program_page(origin);
  for (const Call& call : all_calls()) {
    std::string name = page_name(call);
    for (std::size_t at = 0; (at = name.find('-', at)) != std::string::npos; at += 2) name.insert(at, "\\");
    EXPECT_THAT(page, HasSubstr(".BR " + name + " (1)"));
  }
  for (const ExitMeaning& exit : exit_meanings()) EXPECT_THAT(page, HasSubstr(".B " + std::string(exit.code)));
  EXPECT_EQ(page_name(call_of("alerts list")), "pitwatch-alerts-list");
}

TEST(ManualPages, AreAsMandocWantsThem) {
  const std::string mandoc = program("mandoc");
  if (mandoc.empty()) GTEST_SKIP() << "mandoc is not installed";
  const test::TemporaryFolder folder;
  std::vector<std::string> command{mandoc, "-T", "lint", "-W", "style"};
  test::write_text(folder / "pitwatch.1", program_page(origin));
  command.push_back(folder / "pitwatch.1");
  for (const Call& call : all_calls()) {
    test::write_text(folder / (page_name(call) + ".1"), command_page(call, origin));
    command.push_back(folder / (page_name(call) + ".1"));
  }
  const test::Outcome outcome = test::run_process(command);
  EXPECT_EQ(outcome.out + outcome.err, "");
  EXPECT_EQ(outcome.exit_code, 0);
}

/// What bash would offer for the words of a line, the last of which is being typed.
std::string offered(const test::TemporaryFolder& folder, const std::string& words) {
  test::write_text(folder / "completion", bash_completion());
  const std::string script = "cd '" + (folder / "") + "'; . ./completion; COMP_WORDS=(" + words +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _pitwatch; printf '%s ' \"${COMPREPLY[@]}\"";
  const test::Outcome outcome = test::run_process({"/bin/bash", "--norc", "-c", script});
  EXPECT_EQ(outcome.err, "");
  return outcome.out;
}

TEST(BashCompletion, OffersCommandsActionsOptionsAndValues) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(offered(folder, "pitwatch comp"), "compare ");
  EXPECT_THAT(offered(folder, "pitwatch ''"), HasSubstr("rerun"));
  EXPECT_EQ(offered(folder, "pitwatch help ver"), "verify ");
  EXPECT_EQ(offered(folder, "pitwatch alerts re"), "review ");
  EXPECT_EQ(offered(folder, "pitwatch alerts review --verd"), "--verdict ");
  EXPECT_EQ(offered(folder, "pitwatch alerts --state x review --verd"), "--verdict ");
  EXPECT_EQ(offered(folder, "pitwatch run --sites a --sour"), "--source ");
  EXPECT_EQ(offered(folder, "pitwatch run --gate ''"), "on off ");
  EXPECT_EQ(offered(folder, "pitwatch run --gate = of"), "off ");
  EXPECT_EQ(offered(folder, "pitwatch compare --gate ''"), "on off ");
  EXPECT_EQ(offered(folder, "pitwatch run --chips ''"), " ");
  test::write_text(folder / "sites.geojson", "");
  std::filesystem::create_directory(folder / "state");
  EXPECT_EQ(offered(folder, "pitwatch run --sites si"), "sites.geojson ");
  EXPECT_EQ(offered(folder, "pitwatch run --state s"), "state ");
  EXPECT_EQ(offered(folder, "pitwatch compare si"), "sites.geojson ");
}

TEST(ZshCompletion, IsWhatZshUnderstands) {
  const std::string zsh = program("zsh");
  if (zsh.empty()) GTEST_SKIP() << "zsh is not installed";
  const test::TemporaryFolder folder;
  test::write_text(folder / "_pitwatch", zsh_completion());
  const test::Outcome outcome = test::run_process({zsh, "-f", "-n", folder / "_pitwatch"});
  EXPECT_EQ(outcome.out + outcome.err, "");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(zsh_completion(), HasSubstr("'*--gate[scenes that are garbage are refused\\:"));
}

}  // namespace
}  // namespace pitwatch::tools
