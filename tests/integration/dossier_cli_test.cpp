// Dossiers and bundles of evidence from outside: pages that are whole and inert, the same bytes again, exit codes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/zip_writer.hpp"
#include "pipeline/io/products/product_files.hpp"
#include "tests/integration/nights.hpp"
#include "tests/integration/process.hpp"
#include "tests/unit/dossier/hostile_texts.hpp"

namespace pitwatch {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::lines_of;
using test::night_scenes;
using test::Outcome;
using test::read_text;
using test::run_process;
using test::write_text;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* hostile_reason = "\"><script>alert(1)</script> \xE2\x80\xAE x";

bool is_installed(const std::string& program) {
  return std::system(("command -v " + program + " > /dev/null 2>&1").c_str()) == 0;
}

/// A state with alerts, of which one has a review that tries to be more than a text.
class DossierCli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    nights_ = new test::Nights;
    state_ = *nights_ / "state";
    nights_->deliver(0, night_scenes().names().size());
    const Outcome ran = nights_->run(state_);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    const auto ids = test::published_ids(state_);
    ASSERT_FALSE(ids.empty());
    id_ = *ids.begin();
    const Outcome reviewed = run_process({PITWATCH_PROGRAM, "alerts", "review", id_, "--state", state_, "--verdict",
                                          "licensed", "--reviewer", "<b>A. Name</b>", "--reason", hostile_reason});
    ASSERT_EQ(reviewed.exit_code, 0) << reviewed.err;
  }
  static void TearDownTestSuite() {
    delete nights_;
    nights_ = nullptr;
  }

  static Outcome run(const std::string& command, std::vector<std::string> more) {
    more.insert(more.begin(), {PITWATCH_PROGRAM, command});
    return run_process(more);
  }
  static Outcome report(const std::string& out, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--state", state_, "--out", out, "--quiet"});
    return run("report", more);
  }
  static std::string page_of(const std::string& folder, const std::string& id) {
    return folder + "/alert-" + id + ".html";
  }

  test::TemporaryFolder folder_;
  static test::Nights* nights_;
  static std::string state_;
  static std::string id_;
};

test::Nights* DossierCli::nights_ = nullptr;
std::string DossierCli::state_;
std::string DossierCli::id_;

TEST_F(DossierCli, APageForEachAlertAndSiteThatIsWholeAndInert) {
  const std::string out = folder_ / "out";
  const Outcome made = report(out);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, IsEmpty());
  EXPECT_THAT(made.err, IsEmpty());
  const std::string index = read_text(out + "/index.html");
  std::size_t pages = 0;
  for (const auto& entry : fs::directory_iterator(out)) {
    const std::string html = read_text(entry.path().string());
    if (!entry.path().filename().string().starts_with("alert-")) test::expect_inert(html);
    EXPECT_THAT(html, AllOf(HasSubstr("<html lang=\"en\">"), Not(HasSubstr("{{")), Not(HasSubstr("<script"))));
    pages += entry.path().filename().string().starts_with("alert-") ? 1U : 0U;
    if (entry.path().filename() != "index.html") {
      EXPECT_THAT(index, HasSubstr("href=\"" + entry.path().filename().string() + "\""));
    }
  }
  const Outcome listed = run("alerts", {"list", "--state", state_, "--json"});
  EXPECT_EQ(pages, json::parse(listed.out).size());
  EXPECT_TRUE(fs::exists(out + "/site-small.html"));
  const std::string page = read_text(page_of(out, id_));
  test::expect_inert(page);
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;A. Name&lt;/b&gt;"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; \\u202e x"));
  EXPECT_THAT(page, HasSubstr("whole, from the first manifest to the newest"));
  EXPECT_THAT(page, HasSubstr("As the record stands after the review recorded on "));
  EXPECT_THAT(page, AllOf(HasSubstr("data:image/png;base64,"), HasSubstr("Film strip"), HasSubstr("NDVI")));
}

TEST_F(DossierCli, HtmlIsCorrect) {
  if (!is_installed("tidy")) GTEST_SKIP() << "tidy is not installed (tools/setup.sh)";
  for (const char* language : {"en", "az", "ru"}) {
    const std::string out = folder_ / language;
    ASSERT_EQ(report(out, {"--lang", language}).exit_code, 0);
    for (const auto& entry : fs::directory_iterator(out)) {
      const Outcome checked = run_process({"/usr/bin/tidy", "-e", "-q", "-utf8", entry.path().string()});
      EXPECT_EQ(checked.exit_code, 0) << entry.path() << "\n" << checked.out << checked.err;
    }
  }
}

TEST_F(DossierCli, TheSameBytesWhateverTheThreadsAndTheClock) {
  const std::string one = folder_ / "one", two = folder_ / "two";
  ASSERT_EQ(report(one, {"--threads", "1"}).exit_code, 0);
  ASSERT_EQ(report(two, {"--threads", "2"}).exit_code, 0);
  for (const auto& entry : fs::directory_iterator(one)) {
    EXPECT_EQ(read_text(entry.path().string()), read_text(two + "/" + entry.path().filename().string()));
  }
}

TEST_F(DossierCli, WritesNothingIntoTheState) {
  const auto before = test::lasting_contents(state_);
  ASSERT_EQ(report(folder_ / "out").exit_code, 0);
  EXPECT_THAT(test::differences(before, test::lasting_contents(state_)), IsEmpty());
  EXPECT_EQ(test::verify(state_).exit_code, 0);
}

TEST_F(DossierCli, OneAlertByTheBeginningOfItsId) {
  const std::string out = folder_ / "out";
  ASSERT_EQ(report(out, {"--alert", id_.substr(0, 9), "--lang", "ru"}).exit_code, 0);
  EXPECT_THAT(test::names_in(out), SizeIs(2));
  EXPECT_THAT(read_text(page_of(out, id_)), HasSubstr("Основные выводы"));
}

TEST_F(DossierCli, SeveralAlertsAndASite) {
  const std::string out = folder_ / "out";
  const auto ids = test::published_ids(state_);
  ASSERT_GE(ids.size(), 3U);
  const std::vector<std::string> all(ids.begin(), ids.end());
  ASSERT_EQ(report(out, {"--alert", all[0], "--alert", all[1] + "," + all[2], "--site", "small"}).exit_code, 0);
  EXPECT_THAT(test::names_in(out), SizeIs(5));  // with site and index
}

TEST_F(DossierCli, PicturesThatAreDamagedAreNamedAndTheRestIsThere) {
  const std::string state = folder_ / "state", out = folder_ / "out";
  test::Nights::copy(state_, state);
  write_text(state + "/chips/small/" + id_ + "/detected.tif", "no picture");
  const Outcome made = run("report", {"--state", state, "--out", out, "--alert", id_});
  EXPECT_EQ(made.exit_code, 4);
  EXPECT_THAT(made.err, HasSubstr("detected.tif"));
  EXPECT_THAT(read_text(page_of(out, id_)), HasSubstr("The picture detected.tif cannot be read"));
  ASSERT_EQ(run("evidence", {id_, "--state", state, "--out", folder_ / "a.zip", "--quiet"}).exit_code, 4);
  const Outcome found = run("verify", {folder_ / "a.zip"});
  EXPECT_EQ(found.exit_code, 5);
  EXPECT_THAT(found.out, HasSubstr("detected.tif: is another than its manifest says"));
}

TEST_F(DossierCli, PicturesThatAreMissingAreNamedByAllThatShowThem) {
  const std::string chips = "/chips/small/" + id_;
  for (const bool all : {false, true}) {
    const std::string state = folder_ / "state" + (all ? "_all" : "_one");
    const std::string out = state + "_out", zip = state + ".zip";
    test::Nights::copy(state_, state);
    if (all) {
      fs::remove_all(state + chips);
    } else {
      ASSERT_TRUE(fs::remove(state + chips + "/before.tif"));
    }
    const std::vector<std::vector<std::string>> calls{{"report", "--state", state, "--out", out, "--alert", id_},
                                                      {"evidence", id_, "--state", state, "--out", zip},
                                                      {"map", "--state", state, "--out", out + "_map"},
                                                      {"publish", "--state", state, "--out", out + "_web"}};
    for (const std::vector<std::string>& call : calls) {
      const Outcome made = run(call[0], {call.begin() + 1, call.end()});
      EXPECT_EQ(made.exit_code, 4) << call[0] << made.err;
      EXPECT_THAT(made.err, HasSubstr(chips + ": missing, and named by the record: before.tif")) << call[0];
    }
    EXPECT_THAT(read_text(page_of(out, id_)),
                HasSubstr("Missing in this state, though its record names them: before.tif"));
    const Outcome found = run("verify", {zip});
    EXPECT_EQ(found.exit_code, 0) << found.out;
    EXPECT_THAT(found.out, HasSubstr("note: state" + chips + "/before.tif: is not here"));
  }
}

TEST_F(DossierCli, PicturesThatAreOthersAreNamed) {
  const std::string state = folder_ / "state";
  test::Nights::copy(state_, state);
  const std::string folder = state + "/chips/small/" + id_;
  fs::copy_file(folder + "/detected.tif", folder + "/before.tif", fs::copy_options::overwrite_existing);
  const Outcome made = run("evidence", {id_, "--state", state, "--out", folder_ / "a.zip"});
  EXPECT_EQ(made.exit_code, 4);
  EXPECT_THAT(made.err, HasSubstr("before.tif: is another than the record says"));
}

TEST_F(DossierCli, SaysWhatCannotBe) {
  const std::string out = folder_ / "out";
  const auto fails = [&](int code, const std::vector<std::string>& words, const std::string& said) {
    const Outcome failed = run("report", words);
    EXPECT_EQ(failed.exit_code, code) << failed.err;
    EXPECT_THAT(lines_of(failed.err), SizeIs(1)) << failed.err;
    EXPECT_THAT(failed.err, HasSubstr(said));
    EXPECT_FALSE(fs::exists(out));
  };
  fails(2, {"--state", state_, "--out", out, "--alert", "PW-none"}, "no alert 'PW-none'");
  fails(2, {"--state", state_, "--out", out, "--lang", "de"}, "--lang: 'de' is none of en, az, ru");
  fails(2, {"--state", state_, "--out", out, "--site", "elsewhere"}, "no site 'elsewhere'");
  fails(2, {"--state", state_}, "--out DIR");
  fails(2, {"--out", out}, "--state DIR");
  fails(3, {"--state", folder_ / "none", "--out", out}, "register.gpkg");
}

TEST_F(DossierCli, PdfWithoutAProgramIsOneClearError) {
  const std::string out = folder_ / "out";
  const Outcome failed = run_process(
      {"/usr/bin/env", "PATH=" + folder_.path(), PITWATCH_PROGRAM, "report", "--state", state_, "--out", out, "--pdf"});
  EXPECT_EQ(failed.exit_code, 2);
  EXPECT_THAT(failed.err, HasSubstr("neither chromium nor weasyprint is installed"));
}

TEST_F(DossierCli, PdfBesideThePage) {
  if (!is_installed("chromium") && !is_installed("weasyprint")) GTEST_SKIP() << "no program that makes PDF";
  const std::string out = folder_ / "out";
  const Outcome made = report(out, {"--alert", id_, "--pdf"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string pdf = read_text(out + "/alert-" + id_ + ".pdf");
  EXPECT_THAT(pdf.substr(0, 5), "%PDF-");
  EXPECT_GT(pdf.size(), 20000U);
  for (const char* word : {"/JavaScript", "/JS", "/Launch", "/OpenAction"}) EXPECT_THAT(pdf, Not(HasSubstr(word)));
}

TEST_F(DossierCli, EvidenceIsTheSameAgainAndFits) {
  const std::string one = folder_ / "one.zip", two = folder_ / "two.zip";
  const Outcome made = run("evidence", {id_, "--state", state_, "--out", one, "--quiet"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr(one));
  ASSERT_EQ(run("evidence", {id_.substr(0, 9), "--state", state_, "--out", two, "--quiet"}).exit_code, 0);
  EXPECT_EQ(read_text(one), read_text(two));
  const Outcome checked = run("verify", {one, "--json"});
  ASSERT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  const json found = json::parse(checked.out);
  EXPECT_EQ(found.at("alert"), id_);
  EXPECT_EQ(found.at("fits"), true);
  EXPECT_EQ(found.at("manifests"), 2);  // of the run, and of the review
  EXPECT_EQ(found.at("links"), 1);
  EXPECT_GE(found.at("vouched"), 4);  // pictures and observations
  EXPECT_THAT(found.at("notes"), IsEmpty());
  const json outlines = json::parse(ProductFiles::of_zip(one).read("outlines.geojson"));
  EXPECT_THAT(outlines.at("bbox"), SizeIs(4));
  std::set<std::string> ids;
  for (const json& feature : outlines.at("features")) {
    EXPECT_TRUE(ids.insert(feature.at("id")).second);
    EXPECT_EQ(feature.contains("bbox"), !feature.at("geometry").is_null());
  }
  EXPECT_FALSE(ids.empty());
  EXPECT_EQ(run("verify", {one, "--derive"}).exit_code, 2);
  EXPECT_EQ(run("verify", {one, "--trust", "none.pem"}).exit_code, 5) << "the newest manifest is not signed";
}

/// Members of an archive that are others than they were, with sums that fit them: what a forger does.
void forge(const std::string& from, const std::string& to, const std::string& name) {
  const ProductFiles files = ProductFiles::of_zip(from);
  std::vector<ZipMember> members;
  std::string sums;
  for (const std::string& each : files.names()) {
    std::string bytes = files.read(each);
    if (each == name) bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    members.push_back({each, bytes});
    if (!each.starts_with("SHA256SUMS")) sums += sha256_text(bytes) + "  " + each + "\n";
  }
  for (ZipMember& member : members) {
    if (member.name == "SHA256SUMS") member.bytes = sums;
  }
  write_zip(to, members);
}

TEST_F(DossierCli, OfASignedStateOnlyASignedBundlePassesWithTrust) {
  if (!is_installed("openssl")) GTEST_SKIP() << "no openssl";
  const std::string certificate = folder_ / "watch.pem", key = folder_ / "watch.key", state = folder_ / "state";
  const Outcome keys = run_process({"/bin/sh", "-c",
                                    "openssl req -x509 -newkey rsa:2048 -nodes -days 9999 -subj '/CN=Night watch' "
                                    "-addext 'keyUsage=critical,digitalSignature,keyCertSign' -keyout '" +
                                        key + "' -out '" + certificate + "'"});
  ASSERT_EQ(keys.exit_code, 0) << keys.err;
  test::Nights::copy(state_, state);
  const std::vector<std::string> signing{"--sign-certificate", certificate, "--sign-key", key};
  const auto with_signing = [&](std::vector<std::string> words) {
    words.insert(words.end(), signing.begin(), signing.end());
    return words;
  };
  ASSERT_EQ(run("alerts", with_signing({"review", id_, "--state", state, "--verdict", "licensed", "--reviewer", "A"}))
                .exit_code,
            0);
  const std::string bare = folder_ / "bare.zip", sealed = folder_ / "sealed.zip", forged = folder_ / "forged.zip";
  const Outcome unsigned_one = run("evidence", {id_, "--state", state, "--out", bare});
  ASSERT_EQ(unsigned_one.exit_code, 0);
  EXPECT_THAT(unsigned_one.err, HasSubstr("the bundle itself is not"));
  const Outcome unchecked = run("verify", {bare});
  EXPECT_EQ(unchecked.exit_code, 0);
  EXPECT_THAT(unchecked.out, HasSubstr("note: no signature covers README.txt, acquisitions.csv, alert.geojson, "
                                       "chain.csv, dossier.html, outlines.geojson"));
  const Outcome refused = run("verify", {bare, "--trust", certificate});
  EXPECT_EQ(refused.exit_code, 5);
  EXPECT_THAT(lines_of(refused.out)[0], HasSubstr("SHA256SUMS is not signed"));
  forge(bare, forged, "alert.geojson");
  EXPECT_EQ(run("verify", {forged, "--trust", certificate}).exit_code, 5);

  const Outcome made = run("evidence", with_signing({id_, "--state", state, "--out", sealed, "--quiet"}));
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.err, IsEmpty());
  const Outcome passes = run("verify", {sealed, "--trust", certificate});
  EXPECT_EQ(passes.exit_code, 0) << passes.out;
  EXPECT_THAT(passes.out, AllOf(HasSubstr("signed by CN=Night watch"), Not(HasSubstr("no signature covers"))));
  EXPECT_EQ(run("verify", {sealed, "--tsa-trust", certificate}).exit_code, 5) << "it has no time stamp";
  for (const char* name : {"alert.geojson", "dossier.html", "outlines.geojson", "acquisitions.csv", "README.txt"}) {
    forge(sealed, forged, name);
    for (const auto& trust : {std::vector<std::string>{forged, "--trust", certificate}, {forged}}) {
      const Outcome found = run("verify", trust);
      EXPECT_EQ(found.exit_code, 5) << name;
      EXPECT_THAT(found.out, HasSubstr("SHA256SUMS.p7s: ")) << name;
    }
  }
  const std::string unpacked = folder_ / "unpacked";
  fs::create_directories(unpacked);
  for (const char* name : {"SHA256SUMS", "SHA256SUMS.p7s"}) {
    write_text(unpacked + "/" + name, ProductFiles::of_zip(sealed).read(name));
  }
  const Outcome by_hand = run_process({"/bin/sh", "-c",
                                       "cd '" + unpacked +
                                           "' && openssl cms -verify -binary -inform DER -in SHA256SUMS.p7s -content "
                                           "SHA256SUMS -CAfile '" +
                                           certificate + "' -purpose any -out /dev/null"});
  EXPECT_EQ(by_hand.exit_code, 0) << by_hand.err;
  write_text(key, "-----BEGIN");
  const Outcome unusable = run("evidence", with_signing({id_, "--state", state, "--out", folder_ / "c.zip"}));
  EXPECT_EQ(unusable.exit_code, 2);
  EXPECT_THAT(unusable.err, HasSubstr("watch.key"));
  EXPECT_FALSE(fs::exists(folder_ / "c.zip"));
}

TEST_F(DossierCli, EvidenceThatWasChangedAnywhereDoesNotFit) {
  const std::string path = folder_ / "a.zip", changed = folder_ / "b.zip";
  ASSERT_EQ(run("evidence", {id_, "--state", state_, "--out", path, "--quiet"}).exit_code, 0);
  const std::string bytes = read_text(path);
  const std::size_t step = bytes.size() / 40;
  for (std::size_t at = 60; at + 2000 < bytes.size(); at += step) {
    std::string other = bytes;
    other[at] = static_cast<char>(other[at] ^ 0x55);
    write_text(changed, other);
    const Outcome found = run("verify", {changed});
    EXPECT_TRUE(found.exit_code == 5 || found.exit_code == 3) << at << ": " << found.exit_code << found.out;
  }
  write_text(changed, bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(run("verify", {changed}).exit_code, 3);
}

}  // namespace
}  // namespace pitwatch
