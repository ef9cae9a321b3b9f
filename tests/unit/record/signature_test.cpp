// Signatures and time stamps: against the certificates, signatures and authority that `openssl` makes, and its checks
// of ours.

#include "pipeline/record/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/core/error.hpp"
#include "tests/integration/http_server.hpp"
#include "tests/integration/process.hpp"
#include "tests/unit/io/test_support.hpp"

namespace pitwatch {
namespace {

using namespace std::chrono_literals;
using test::message_of;
using test::read_text;
using test::run_process;
using test::TemporaryFolder;
using test::write_text;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string content("{\"run\": 7}\r\n\0\xff and so on\n", 27);

bool has_openssl() { return run_process({"/bin/sh", "-c", "command -v openssl"}).exit_code == 0; }

/// A shell's line in a folder.
void shell(const TemporaryFolder& folder, const std::string& line) {
  const test::Outcome outcome = run_process({"/bin/sh", "-c", "cd '" + folder.path() + "' && " + line});
  if (outcome.exit_code != 0) throw std::runtime_error(line + ": " + outcome.err);
}

/// Sets an environment variable for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

constexpr const char* configuration = R"(
[ca]
default_ca = here
[here]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
organizationName = optional
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[signer]
keyUsage = critical,digitalSignature
[no_signer]
keyUsage = critical,keyAgreement
[stamper]
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
)";

/// Certificates and keys, made once: root > middle > signer, and root > the others.
class Authority {
 public:
  Authority() {
    write_text(folder_ / "ca.cnf", configuration);
    write_text(folder_ / "index.txt", "");
    write_text(folder_ / "serial", "1000\n");
    write_text(folder_ / "stamp_serial", "0A01\n");
    for (const char* root : {"root", "other_root"}) {
      issue(root, root, "authority", "-selfsign -startdate 20190101000000Z -enddate 20990101000000Z");
    }
    issue("middle", "root", "authority");
    issue("signer", "middle", "signer", "", "/O=\xC6\x8Fli v\xC9\x99 Co/CN=Night\nwatch");
    issue("expired", "root", "signer", "-startdate 20200101000000Z -enddate 20210101000000Z");
    issue("early", "root", "signer", "-startdate 20400101000000Z -enddate 20410101000000Z");
    issue("no_signer", "root", "no_signer");
    issue("stamper", "root", "stamper");
    shell(folder_, "cat signer.pem middle.pem > signer_chain.pem");
    shell(folder_, "openssl genrsa -out rsa.key 2048 2>/dev/null");
    shell(folder_, "openssl req -x509 -config /dev/null -key rsa.key -out rsa.pem -subj /CN=rsa -days 30");
    shell(folder_, "openssl pkcs8 -topk8 -v2 aes-256-cbc -in signer.key -out encrypted.key -passout pass:open-sesame");
    shell(folder_, "openssl ec -in signer.key -aes128 -passout pass:open-sesame -out old_encrypted.key 2>/dev/null");
    time_stamper("tsa", "stamper", "sha256, sha512", "");
    time_stamper("refusing", "stamper", "sha512", "");
    time_stamper("chain", "stamper", "sha256", "ess_cert_id_chain = yes\ness_cert_id_alg = sha1\n");
  }

  std::string operator/(const std::string& name) const { return folder_ / name; }
  const TemporaryFolder& folder() const { return folder_; }

  std::string sign(const std::string& text = content) const {
    return sign_cms(text, folder_ / "signer_chain.pem", folder_ / "signer.key");
  }

  /// The reply of an authority to a query.
  std::string reply(const std::string& query, const std::string& name = "tsa") const {
    write_text(folder_ / "query.tsq", query);
    shell(folder_, "openssl ts -reply -config " + name + ".cnf -queryfile query.tsq -out reply.tsr");
    return read_text(folder_ / "reply.tsr");
  }

 private:
  void key(const std::string& name) {
    shell(folder_, "openssl ecparam -name prime256v1 -genkey -noout -out " + name + ".key");
  }

  void issue(const std::string& name, const std::string& by, const std::string& kind, const std::string& dates = "",
             std::string subject = {}) {
    if (subject.empty()) subject = "/CN=" + name;
    key(name);
    shell(folder_,
          "openssl req -new -utf8 -config /dev/null -key " + name + ".key -out request.pem -subj '" + subject + "'");
    shell(folder_, "openssl ca -batch -config ca.cnf -preserveDN -notext -in request.pem -out " + name + ".pem -cert " +
                       by + ".pem -keyfile " + by + ".key -extensions " + kind + " " +
                       (dates.empty() ? "-days 365" : dates));
  }

  void time_stamper(const std::string& name, const std::string& certificate, const std::string& digests,
                    const std::string& more) {
    write_text(folder_ / (name + ".cnf"),
               "[tsa]\ndefault_tsa = here\n[here]\nserial = stamp_serial\nsigner_cert = " + certificate +
                   ".pem\ncerts = root.pem\nsigner_key = " + certificate +
                   ".key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\ndigests = " + digests +
                   "\nclock_precision_digits = 3\n" + more);
  }

  TemporaryFolder folder_;
};

class Signature : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_openssl()) GTEST_SKIP() << "the program openssl is needed";
    static const Authority made;
    authority_ = &made;
  }
  std::string file(const std::string& name) const { return *authority_ / name; }
  std::string refused(const std::string& text, const std::string& der, const std::string& trusted,
                      std::optional<Instant> at = std::nullopt) const {
    return message_of<DataError>([&] { verify_cms(text, der, trusted, at); });
  }
  const Authority* authority_ = nullptr;
};
using TimeStamp = Signature;

TEST_F(Signature, IsFoundToBeTheSigners) {
  const auto before = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string signature = authority_->sign();
  const SignatureFinding finding = verify_cms(content, signature, file("root.pem"));
  EXPECT_EQ(finding.signer, "CN=Night\\0Awatch,O=\xC6\x8Fli v\xC9\x99 Co");
  EXPECT_EQ(finding.issuer, "CN=middle");
  EXPECT_TRUE(finding.is_trusted);
  EXPECT_EQ(finding.not_after - finding.not_before, 365 * 24h);
  ASSERT_TRUE(finding.signed_at.has_value());
  EXPECT_GE(*finding.signed_at, before);
  EXPECT_LE(*finding.signed_at, before + 60s);
  // The signer's own certificate may be the one that is trusted, and so may the one between.
  EXPECT_TRUE(verify_cms(content, signature, file("middle.pem")).is_trusted);
  EXPECT_TRUE(verify_cms(content, signature, file("signer.pem")).is_trusted);
  const SignatureFinding unknown = verify_cms(content, signature, "");
  EXPECT_FALSE(unknown.is_trusted);
  EXPECT_EQ(unknown.signer, finding.signer);
}

TEST_F(Signature, IsOneForOpensslToo) {
  write_text(file("content"), content);
  write_text(file("content.p7s"), authority_->sign());
  EXPECT_NO_THROW(shell(authority_->folder(),
                        "openssl cms -verify -binary -cades -inform DER -in content.p7s -content "
                        "content -CAfile root.pem -purpose any -out /dev/null"));
  shell(authority_->folder(),
        "openssl cms -sign -binary -outform DER -in content -signer signer.pem -inkey signer.key "
        "-certfile middle.pem -out theirs.p7s");
  EXPECT_TRUE(verify_cms(content, read_text(file("theirs.p7s")), file("root.pem")).is_trusted);
  for (const char* more : {"-md sha1", "-noattr", "-nocerts", "-nodetach", "-signer rsa.pem -inkey rsa.key"}) {
    SCOPED_TRACE(more);
    shell(authority_->folder(),
          "openssl cms -sign -binary -outform DER -in content -signer signer.pem -inkey "
          "signer.key -certfile middle.pem -out theirs.p7s " +
              std::string(more));
    EXPECT_THROW(verify_cms(content, read_text(file("theirs.p7s")), ""), DataError);
  }
}

TEST_F(Signature, OfEveryKindOfContentAndKey) {
  for (const std::string& text : {std::string(), std::string("\n"), std::string(3'000'000, 'x')}) {
    EXPECT_TRUE(verify_cms(text, authority_->sign(text), file("root.pem")).is_trusted);
  }
  const std::string by_rsa = sign_cms(content, file("rsa.pem"), file("rsa.key"));
  EXPECT_EQ(verify_cms(content, by_rsa, file("rsa.pem")).signer, "CN=rsa");
}

TEST_F(Signature, HasNoParametersWhereTheAlgorithmHasNone) {
  // NULL behind "rsaEncryption", the last of them that of the signature itself, which nothing signs.
  const std::string null_behind_rsa("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 11);
  const std::string by_rsa = sign_cms(content, file("rsa.pem"), file("rsa.key"));
  const std::size_t at = by_rsa.rfind(null_behind_rsa);
  ASSERT_NE(at, std::string::npos);
  std::string changed = by_rsa;
  changed[at + null_behind_rsa.size() - 2] = 0x04;  // an empty text
  EXPECT_EQ(refused(content, changed, file("rsa.pem")), "was altered: an algorithm has parameters that it cannot have");
}

TEST_F(Signature, FitsNoOtherContent) {
  const std::string signature = authority_->sign();
  std::string other = content;
  other[3] ^= 1;
  EXPECT_THAT(refused(other, signature, file("root.pem")), StartsWith("does not fit the content, or was altered"));
  EXPECT_THAT(refused(content + "\n", signature, ""), StartsWith("does not fit the content"));
  EXPECT_THAT(refused(content, authority_->sign(other), ""), StartsWith("does not fit the content"));
}

TEST_F(Signature, SaysNothingElseWhateverByteIsChanged) {
  const std::string signature = authority_->sign();
  const SignatureFinding right = verify_cms(content, signature, file("root.pem"));
  std::size_t harmless = 0;
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
    try {
      const SignatureFinding finding = verify_cms(content, changed, file("root.pem"));
      ++harmless;  // of the list of digests, or the version, which nothing depends on
      EXPECT_EQ(finding.signer, right.signer) << i;
      EXPECT_EQ(finding.serial, right.serial) << i;
      EXPECT_EQ(finding.signed_at, right.signed_at) << i;
      EXPECT_EQ(finding.not_after, right.not_after) << i;
    } catch (const DataError&) {
    }
    // Without trusted certificates, all that is known is bound by the signer's own signature.
    try {
      EXPECT_EQ(verify_cms(content, changed, "").not_after, right.not_after) << i;
    } catch (const DataError&) {
    }
    EXPECT_THROW(verify_cms(content, signature.substr(0, i), ""), DataError);
  }
  EXPECT_LT(harmless, 16U);
}

TEST_F(Signature, OfAnUnknownIssuerOrTimeIsNotTrusted) {
  const std::string signature = authority_->sign();
  EXPECT_THAT(refused(content, signature, file("other_root.pem")),
              AllOf(StartsWith("the certificate of "), HasSubstr("unable to get")));
  const Instant year_later =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()) + 366 * 24h;
  EXPECT_THAT(refused(content, signature, file("root.pem"), year_later), HasSubstr("certificate has expired"));
  EXPECT_THAT(refused(content, signature, file("root.pem"), parse_instant("2019-06-01")),
              HasSubstr("certificate is not yet valid"));
  const SignatureFinding finding = verify_cms(content, signature, file("root.pem"));
  EXPECT_TRUE(verify_cms(content, signature, file("root.pem"), finding.signed_at).is_trusted);
  // A signature of years ago, by a certificate that has expired since.
  write_text(file("content"), content);
  shell(authority_->folder(),
        "openssl cms -sign -binary -outform DER -in content -signer expired.pem -inkey "
        "expired.key -out old.p7s");
  const std::string old = read_text(file("old.p7s"));
  EXPECT_THAT(refused(content, old, file("root.pem")), HasSubstr("certificate has expired"));
  EXPECT_TRUE(verify_cms(content, old, file("root.pem"), parse_instant("2020-06-01")).is_trusted);
}

TEST_F(Signature, IsNotWhatIsNone) {
  for (const std::string& der : {std::string(), std::string("no signature"), std::string("\x30\x80\0\0", 4),
                                 authority_->sign() + "x", std::string((1 << 20) + 1, '0')}) {
    EXPECT_THAT(refused(content, der, ""), ::testing::Not(::testing::IsEmpty()));
  }
  write_text(file("content"), content);
  shell(authority_->folder(), "openssl cms -data_create -in content -outform DER -out data.p7");
  EXPECT_EQ(refused(content, read_text(file("data.p7")), ""), "not a signature");
}

TEST_F(Signature, TellsWhichFileIsWrong) {
  const auto reason = [&](const std::string& certificate, const std::string& key) {
    return message_of<ConfigError>([&] { sign_cms(content, file(certificate), file(key)); });
  };
  EXPECT_THAT(reason("none.pem", "signer.key"), AllOf(StartsWith(file("none.pem: ")), HasSubstr("No such file")));
  EXPECT_THAT(reason("signer.pem", "none.key"), AllOf(StartsWith(file("none.key: ")), HasSubstr("No such file")));
  EXPECT_THAT(reason("", "signer.key"), HasSubstr("no regular file"));
  EXPECT_THAT(reason("ca.cnf", "signer.key"), HasSubstr("has no certificate in PEM"));
  EXPECT_THAT(reason("signer.pem", "ca.cnf"), HasSubstr("has no private key in PEM"));
  EXPECT_THAT(reason("signer.pem", "signer.pem"), HasSubstr("has no private key in PEM"));
  EXPECT_THAT(reason("signer.pem", "root.key"),
              AllOf(StartsWith(file("root.key: ")), HasSubstr("not the key of"), HasSubstr("signer.pem")));
  EXPECT_THAT(reason("expired.pem", "expired.key"), HasSubstr("has expired on 2021-01-01T00:00:00Z"));
  EXPECT_THAT(reason("early.pem", "early.key"), HasSubstr("not valid before 2040-01-01T00:00:00Z"));
  EXPECT_THAT(reason("no_signer.pem", "no_signer.key"), HasSubstr("not for signatures"));
  write_text(file("broken.pem"), read_text(file("signer.pem")) + "-----BEGIN CERTIFICATE-----\nAAAA\n");
  EXPECT_THAT(reason("broken.pem", "signer.key"), StartsWith(file("broken.pem: not a certificate")));
  write_text(file("huge.pem"), std::string((1 << 20) + 1, '\n'));
  EXPECT_THAT(reason("signer.pem", "huge.key"), HasSubstr("No such file"));
  EXPECT_THAT(reason("huge.pem", "signer.key"), HasSubstr("larger than a mebibyte"));
  EXPECT_THAT(message_of<ConfigError>([&] { verify_cms(content, authority_->sign(), file("none.pem")); }),
              StartsWith(file("none.pem: ")));
}

TEST_F(Signature, TakesPassphrasesFromTheEnvironmentAlone) {
  for (const char* key : {"encrypted.key", "old_encrypted.key"}) {
    SCOPED_TRACE(key);
    const auto sign = [&] { return sign_cms(content, file("signer_chain.pem"), file(key)); };
    EXPECT_THAT(message_of<ConfigError>(sign),
                AllOf(StartsWith(file(key) + ": "), HasSubstr("PITWATCH_SIGN_PASSPHRASE")));
    {
      const Variable passphrase("PITWATCH_SIGN_PASSPHRASE", "another-one");
      EXPECT_THAT(message_of<ConfigError>(sign), AllOf(HasSubstr("does not decrypt"), Not(HasSubstr("another-one"))));
    }
    const Variable passphrase("PITWATCH_SIGN_PASSPHRASE", "open-sesame");
    EXPECT_TRUE(verify_cms(content, sign(), file("root.pem")).is_trusted);
  }
}

TEST_F(TimeStamp, IsFoundToBeTheAuthoritys) {
  const auto before = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const char* name : {"tsa", "chain"}) {
    SCOPED_TRACE(name);
    const std::string query = time_stamp_query(content);
    const std::string reply = authority_->reply(query, name);
    EXPECT_EQ(check_time_stamp_reply(query, reply), reply);
    const TimeStampFinding finding = verify_time_stamp(content, reply, file("root.pem"));
    EXPECT_EQ(finding.authority, "CN=stamper");
    EXPECT_THAT(finding.serial, ::testing::MatchesRegex("0A0[0-9A-F]"));
    EXPECT_TRUE(finding.is_trusted);
    EXPECT_GE(finding.time, before);
    EXPECT_LE(finding.time, before + 60s);
    const TimeStampFinding unknown = verify_time_stamp(content, reply, "");
    EXPECT_FALSE(unknown.is_trusted);
    EXPECT_EQ(unknown.time, finding.time);
    write_text(file("content"), content);
    EXPECT_NO_THROW(shell(authority_->folder(),
                          "openssl ts -verify -data content -in reply.tsr -CAfile root.pem -untrusted stamper.pem"));
  }
  EXPECT_NE(time_stamp_query(content), time_stamp_query(content));
}

TEST_F(TimeStamp, OfAnotherContentOrRequestIsRefused) {
  const std::string query = time_stamp_query(content);
  const std::string reply = authority_->reply(query);
  const auto reason = [&](const std::string& asked, const std::string& answered) {
    return message_of<DataError>([&] { check_time_stamp_reply(asked, answered); });
  };
  EXPECT_THAT(reason(time_stamp_query("another"), reply), HasSubstr("of another content"));
  EXPECT_THAT(reason(time_stamp_query(content), reply), HasSubstr("for another request"));
  EXPECT_THAT(message_of<DataError>([&] { verify_time_stamp("another", reply, file("root.pem")); }),
              HasSubstr("of another content"));
  EXPECT_THAT(message_of<DataError>([&] { verify_time_stamp(content, reply, file("other_root.pem")); }),
              HasSubstr("is not trusted"));
  EXPECT_THAT(reason(query, authority_->reply(query, "refusing")),
              AllOf(StartsWith("the authority refused: "), HasSubstr("the algorithm is not supported")));
  for (const std::string& der : {std::string(), std::string("<html>"), reply + "x", reply.substr(0, 500), query,
                                 authority_->sign(), std::string((1 << 20) + 1, '0')}) {
    EXPECT_FALSE(reason(query, der).empty());
    EXPECT_THROW(verify_time_stamp(content, der, ""), DataError);
  }
  EXPECT_THROW(check_time_stamp_reply("no query", reply), DataError);
}

TEST_F(TimeStamp, SaysNothingElseWhateverByteIsChanged) {
  const std::string query = time_stamp_query(content);
  const std::string reply = authority_->reply(query);
  const TimeStampFinding right = verify_time_stamp(content, reply, file("root.pem"));
  for (std::size_t i = 0; i < reply.size(); ++i) {
    std::string changed = reply;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
    try {
      const TimeStampFinding finding = verify_time_stamp(content, changed, file("root.pem"));
      EXPECT_EQ(finding.time, right.time) << i;
      EXPECT_EQ(finding.serial, right.serial) << i;
      EXPECT_EQ(finding.authority, right.authority) << i;
    } catch (const DataError&) {
    }
  }
}

TEST_F(TimeStamp, IsNotMadeByAnyCertificate) {
  // A signature over a well-formed time stamp, by one whose certificate is not for that: openssl ts itself refuses to
  // make one.
  const std::string query = time_stamp_query(content);
  authority_->reply(query);
  shell(authority_->folder(), "openssl ts -reply -in reply.tsr -token_out -out token.der");
  shell(authority_->folder(), "openssl cms -verify -noverify -inform DER -in token.der -out stamp.der 2>/dev/null");
  shell(authority_->folder(),
        "openssl cms -sign -binary -nodetach -cades -econtent_type id-smime-ct-TSTInfo -outform "
        "DER -in stamp.der -signer signer.pem -inkey signer.key -certfile middle.pem -out "
        "token.der");
  shell(authority_->folder(), "openssl ts -reply -in token.der -token_in -out forged.tsr");
  const std::string forged = read_text(file("forged.tsr"));
  EXPECT_EQ(check_time_stamp_reply(query, forged), forged);
  EXPECT_THAT(message_of<DataError>([&] { verify_time_stamp(content, forged, file("root.pem")); }),
              HasSubstr("is not trusted"));
}

TEST_F(TimeStamp, ComesFromAnAuthorityOnTheNetwork) {
  if (!test::has_python()) GTEST_SKIP() << "python3 is needed";
  const test::HttpServer server(authority_->folder().path(), {}, "http", "time_stamp_server.py");
  HttpClient client({}, server.policy(), [](std::chrono::milliseconds) {});
  for (const char* path : {"/tsa", "/busy", "/moved", "/first"}) {
    const std::string reply = request_time_stamp(server.url(path), content, client);
    EXPECT_TRUE(verify_time_stamp(content, reply, file("root.pem")).is_trusted) << path;
  }
  const auto reason = [&](const std::string& path) {
    return message_of<DataError>([&] { request_time_stamp(server.url(path), content, client); });
  };
  EXPECT_THAT(reason("/refusing?key=secret"), AllOf(StartsWith(server.url("/refusing")), Not(HasSubstr("secret"))));
  EXPECT_THAT(reason("/first"), HasSubstr("for another request"));
  EXPECT_THAT(reason("/refusing"), HasSubstr("the authority refused"));
  EXPECT_THAT(reason("/page"), HasSubstr("not a reply of a time stamping authority"));
  EXPECT_THAT(reason("/large"), HasSubstr("larger than 1048576 bytes"));
  EXPECT_EQ(client.post(server.url("/tsa"), {"{}", "application/json", "", 0}).status, 415);
  HttpClient nowhere({}, {});
  EXPECT_THAT(message_of<DataError>([&] { request_time_stamp(server.url("/tsa"), content, nowhere); }),
              HasSubstr(server.url("/tsa")));
}

}  // namespace
}  // namespace pitwatch
