#include "pipeline/record/signature.hpp"

#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/regular_file.hpp"
#include "pipeline/io/remote/http_client.hpp"
#include "pipeline/io/remote/remote_path.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;  // of a PEM file, of DER from outside
constexpr std::size_t longest_text = 500;                 // of names and reasons from outside, as they are shown
constexpr int weakest_digest_bytes = 32;
constexpr int least_security_level = 1;  // OpenSSL's: RSA of 1024 bits and more, no certificate signed with SHA-1
constexpr const char* passphrase_variable = "PITWATCH_SIGN_PASSPHRASE";

// ---- OpenSSL's things as C++ has them -------------------------------------------------------------------------

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
template <typename T, auto Free>
using Handle = std::unique_ptr<T, Freed<Free>>;

void free_certificates(STACK_OF(X509) * certificates) { sk_X509_pop_free(certificates, X509_free); }
void free_list(STACK_OF(X509) * certificates) { sk_X509_free(certificates); }
void free_bytes(unsigned char* bytes) { OPENSSL_free(bytes); }

using Bio = Handle<BIO, BIO_free_all>;
using Certificate = Handle<X509, X509_free>;
using Certificates = Handle<STACK_OF(X509), free_certificates>;
using CertificateList = Handle<STACK_OF(X509), free_list>;  // of those that others own
using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Cms = Handle<CMS_ContentInfo, CMS_ContentInfo_free>;
using Request = Handle<TS_REQ, TS_REQ_free>;
using Reply = Handle<TS_RESP, TS_RESP_free>;
using Stamp = Handle<TS_TST_INFO, TS_TST_INFO_free>;

/// What OpenSSL says of the first of the errors since the queue was last emptied, which is the one nearest to the
/// cause; empties the queue.
std::string openssl_reason() {
  const char* data = nullptr;
  int flags = 0;
  const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags);
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "no reason given" : reason;
  if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0') text += std::string(", ") + data;
  ERR_clear_error();
  return text;
}

/// For what fails only where memory or OpenSSL's algorithms are missing.
template <typename T>
T* made(T* thing) {
  if (thing == nullptr) throw std::runtime_error("OpenSSL: " + openssl_reason());
  return thing;
}

void must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL: " + openssl_reason());
}

Bio reader_of(std::string_view bytes) {
  if (bytes.size() > std::numeric_limits<int>::max()) throw DataError("too large to be signed");
  return Bio(made(BIO_new_mem_buf(bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()))));
}

/// Encodes by one of OpenSSL's i2d functions.
template <typename T, typename Encode>
std::string der_of(const T* thing, Encode encode) {
  unsigned char* bytes = nullptr;
  const int size = encode(thing, &bytes);
  const Handle<unsigned char, free_bytes> owner(bytes);
  must(size > 0);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

/// Decodes by one of OpenSSL's d2i functions. Throws DataError for what is no such thing, and nothing else.
template <typename Owner, typename Decode>
Owner decoded(std::string_view der, const char* what, Decode decode) {
  if (der.size() > most_bytes) throw DataError(std::string(what) + " of more than a mebibyte");
  ERR_clear_error();
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  Owner thing(decode(nullptr, &at, static_cast<long>(der.size())));
  if (!thing) throw DataError("not " + std::string(what) + ": " + openssl_reason());
  if (at != end) throw DataError(std::string(what) + " with something behind it");
  return thing;
}

// ---- texts and times ---------------------------------------------------------------------------------------------

/// UTF-8 without control characters, cut to a length that still reads well.
std::string printable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size() && result.size() < longest_text; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // U+0080 to U+009F
      result += '?';
      ++i;
    } else {
      result += byte < 0x20 || byte == 0x7F ? '?' : text[i];
    }
  }
  if (result.size() == longest_text) {
    while (!result.empty() && (static_cast<unsigned char>(result.back()) & 0xC0) == 0x80) result.pop_back();
    if (!result.empty() && static_cast<unsigned char>(result.back()) >= 0xC0) result.pop_back();
    result += "...";
  }
  return result;
}

std::string written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return printable({data, static_cast<std::size_t>(size)});
}

std::string text_of(const X509_NAME* name) {
  const Bio bio(made(BIO_new(BIO_s_mem())));
  if (X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    ERR_clear_error();
    return "(a name that is not text)";
  }
  return written(bio.get());
}

std::string text_of(const ASN1_STRING* text) {
  const Bio bio(made(BIO_new(BIO_s_mem())));
  if (ASN1_STRING_print_ex(bio.get(), text, ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_ESC_CTRL) < 0) {
    ERR_clear_error();
    return "(not text)";
  }
  return written(bio.get());
}

std::string hexadecimal(const ASN1_INTEGER* number) {
  const Handle<BIGNUM, BN_free> value(made(ASN1_INTEGER_to_BN(number, nullptr)));
  char* const digits = made(BN_bn2hex(value.get()));
  std::string text = digits;
  OPENSSL_free(digits);
  return printable(text);
}

/// Throws DataError for what is no time.
Instant instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) throw DataError("a time in it is none");
  using namespace std::chrono;
  const year_month_day day{year(parts.tm_year + 1900), month(static_cast<unsigned>(parts.tm_mon + 1)),
                           std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
  Instant instant = sys_days(day) + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
  // ASN1_TIME_to_tm() passes over the fraction that a time stamp may have: "20220710074600.25Z".
  const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(time)),
                              static_cast<std::size_t>(ASN1_STRING_length(time)));
  if (const std::size_t point = text.find('.'); point != std::string_view::npos) {
    int unit = 100;
    for (std::size_t i = point + 1; i < text.size() && unit > 0 && text[i] >= '0' && text[i] <= '9'; ++i, unit /= 10) {
      instant += milliseconds(unit * (text[i] - '0'));
    }
  }
  return instant;
}

// ---- files -------------------------------------------------------------------------------------------------------

/// The bytes of a file, which are wiped out of memory when they go.
class PemFile {
 public:
  explicit PemFile(const std::string& path) : path_(path), bytes_(most_bytes + 1, '\0') {
    try {
      expect_regular_file(path);
    } catch (const DataError& error) {
      throw ConfigError(path + ": " + error.what());
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) throw ConfigError(path + ": cannot read: " + std::strerror(errno));
    file.read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
    if (file.bad()) throw ConfigError(path + ": cannot read: " + std::strerror(errno));
    size_ = static_cast<std::size_t>(file.gcount());
    if (size_ > most_bytes) throw ConfigError(path + ": larger than a mebibyte");
  }
  ~PemFile() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  PemFile(const PemFile&) = delete;
  PemFile& operator=(const PemFile&) = delete;

  Bio reader() const { return reader_of({bytes_.data(), size_}); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::string bytes_;
  std::size_t size_ = 0;
};

struct Passphrase {
  const char* text = nullptr;  // none: nothing is decrypted
  bool was_asked_for = false;
};

/// For OpenSSL, which would ask on the terminal without it.
int give_passphrase(char* into, int size, int, void* passphrase) {
  auto& given = *static_cast<Passphrase*>(passphrase);
  given.was_asked_for = true;
  if (given.text == nullptr) return -1;
  const std::size_t length = std::strlen(given.text);
  if (length == 0 || length > static_cast<std::size_t>(size)) return -1;
  std::memcpy(into, given.text, length);
  return static_cast<int>(length);
}

/// All certificates of a file, one at least.
std::vector<Certificate> read_certificates(const std::string& path) {
  const PemFile file(path);
  const Bio bio = file.reader();
  std::vector<Certificate> certificates;
  ERR_clear_error();
  Passphrase none;
  while (X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, &give_passphrase, &none)) {
    certificates.emplace_back(certificate);
  }
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = openssl_reason();
  if (!is_end) throw ConfigError(path + ": not a certificate: " + reason);
  if (certificates.empty()) throw ConfigError(path + ": has no certificate in PEM");
  return certificates;
}

Key read_key(const std::string& path) {
  const PemFile file(path);
  const Bio bio = file.reader();
  Passphrase passphrase;
  passphrase.text = std::getenv(passphrase_variable);
  if (passphrase.text != nullptr && *passphrase.text == '\0') passphrase.text = nullptr;
  ERR_clear_error();
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_passphrase, &passphrase));
  ERR_clear_error();  // the reasons of a key are nobody's business
  if (key) return key;
  if (!passphrase.was_asked_for) throw ConfigError(path + ": has no private key in PEM");
  if (passphrase.text == nullptr) {
    throw ConfigError(path + ": the key is encrypted: its passphrase is taken from " + passphrase_variable);
  }
  throw ConfigError(path + ": the passphrase in " + passphrase_variable + " does not decrypt the key");
}

void check_may_sign(X509* certificate, const std::string& path) {
  const Instant not_before = instant_of(X509_get0_notBefore(certificate));
  const Instant not_after = instant_of(X509_get0_notAfter(certificate));
  if (clock_now() < not_before)
    throw ConfigError(path + ": the certificate is not valid before " + format_instant(not_before));
  if (clock_now() > not_after)
    throw ConfigError(path + ": the certificate has expired on " + format_instant(not_after));
  if ((X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0) {
    throw ConfigError(path + ": the certificate is not for signatures");
  }
}

// ---- checking a signed message -----------------------------------------------------------------------------------

/// The one value of an attribute that was signed; null where it is not there. Throws DataError for several.
const ASN1_TYPE* signed_attribute(const CMS_SignerInfo* signer, int nid) {
  const int at = CMS_signed_get_attr_by_NID(signer, nid, -1);
  if (at < 0) return nullptr;
  X509_ATTRIBUTE* const attribute = CMS_signed_get_attr(signer, at);
  if (CMS_signed_get_attr_by_NID(signer, nid, at) >= 0 || X509_ATTRIBUTE_count(attribute) != 1) {
    throw DataError("the signature has an attribute more than once");
  }
  return X509_ATTRIBUTE_get0_type(attribute, 0);
}

template <typename T, auto Free, typename Decode>
Handle<T, Free> signing_certificate_attribute(const CMS_SignerInfo* signer, int nid, Decode decode) {
  const ASN1_TYPE* const value = signed_attribute(signer, nid);
  if (value == nullptr) return nullptr;
  if (value->type != V_ASN1_SEQUENCE) throw DataError("the signature names no certificate where it should");
  const ASN1_STRING* const text = value->value.sequence;
  return decoded<Handle<T, Free>>(
      {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))},
      "the name of a certificate", decode);
}

enum class Kind { text, time_stamp };

/// A message with one signer. Its parts belong to `cms`.
struct SignedMessage {
  Cms cms;
  CMS_SignerInfo* info = nullptr;
  X509* signer = nullptr;
  Certificates certificates;  // that came with it
};

void check_digest(CMS_SignerInfo* info) {
  X509_ALGOR* digest = nullptr;
  CMS_SignerInfo_get0_algs(info, nullptr, nullptr, &digest, nullptr);
  const EVP_MD* const known = EVP_get_digestbyobj(digest->algorithm);
  if (known == nullptr || EVP_MD_get_size(known) < weakest_digest_bytes) {
    throw DataError("signed with a digest that is weaker than SHA-256, or not known");
  }
}

/// A certificate that was put in another's place must not pass for the signer's, although their keys be the same
/// (RFC 5035): the signature names the certificate by its hash. Time stamps must (RFC 3161, 2.4.1).
void check_named_certificate(const SignedMessage& message, bool is_required) {
  const auto first = signing_certificate_attribute<ESS_SIGNING_CERT, ESS_SIGNING_CERT_free>(
      message.info, NID_id_smime_aa_signingCertificate, d2i_ESS_SIGNING_CERT);
  const auto second = signing_certificate_attribute<ESS_SIGNING_CERT_V2, ESS_SIGNING_CERT_V2_free>(
      message.info, NID_id_smime_aa_signingCertificateV2, d2i_ESS_SIGNING_CERT_V2);
  const CertificateList all(made(sk_X509_new_null()));
  must(sk_X509_push(all.get(), message.signer) > 0);
  for (int i = 0; i < sk_X509_num(message.certificates.get()); ++i) {
    X509* const other = sk_X509_value(message.certificates.get(), i);
    if (X509_cmp(other, message.signer) != 0) must(sk_X509_push(all.get(), other) > 0);
  }
  if (OSSL_ESS_check_signing_certs(first.get(), second.get(), all.get(), is_required ? 1 : 0) <= 0) {
    throw DataError("not signed with the certificate that it names: " + openssl_reason());
  }
}

/// Checks the signature of a message that has no content in it (`content` is it) or, where there is none, has. Whose
/// certificate it is remains to be checked.
SignedMessage check_signature(Cms cms, BIO* content, Kind kind) {
  SignedMessage message;
  message.cms = std::move(cms);
  STACK_OF(CMS_SignerInfo)* const signers = CMS_get0_SignerInfos(message.cms.get());
  if (signers == nullptr) throw DataError("not a signature");
  if (sk_CMS_SignerInfo_num(signers) != 1) throw DataError("not of one signer");
  message.info = sk_CMS_SignerInfo_value(signers, 0);
  const ASN1_OBJECT* const type = CMS_get0_eContentType(message.cms.get());
  const int expected = kind == Kind::text ? NID_pkcs7_data : NID_id_smime_ct_TSTInfo;
  if (type == nullptr || OBJ_obj2nid(type) != expected) throw DataError("a signature of something else");
  if ((CMS_is_detached(message.cms.get()) != 0) != (content != nullptr)) {
    throw DataError(content != nullptr ? "has a content of its own" : "has no content");
  }
  check_digest(message.info);
  ERR_clear_error();
  if (CMS_verify(message.cms.get(), nullptr, nullptr, content, nullptr, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) != 1) {
    throw DataError("does not fit the content, or was altered: " + openssl_reason());
  }
  // Without attributes a signature could be passed off as one of other bytes (RFC 8933 tells how).
  const ASN1_TYPE* const signed_type = signed_attribute(message.info, NID_pkcs9_contentType);
  if (signed_type == nullptr || signed_type->type != V_ASN1_OBJECT || OBJ_cmp(signed_type->value.object, type) != 0 ||
      signed_attribute(message.info, NID_pkcs9_messageDigest) == nullptr) {
    throw DataError("does not say what was signed");
  }
  const CertificateList found(made(CMS_get0_signers(message.cms.get())));
  message.signer = sk_X509_value(found.get(), 0);
  if (message.signer == nullptr) throw DataError("has no certificate of its signer");
  message.certificates.reset(CMS_get1_certs(message.cms.get()));
  check_named_certificate(message, kind == Kind::time_stamp);
  return message;
}

/// Throws DataError where the signer's certificate does not lead to one of the file's, or was not valid at the time.
void check_trusted(const SignedMessage& message, const std::string& trusted_path, Instant at, Kind kind) {
  const Handle<X509_STORE, X509_STORE_free> store(made(X509_STORE_new()));
  for (const Certificate& certificate : read_certificates(trusted_path)) {
    must(X509_STORE_add_cert(store.get(), certificate.get()) == 1);
  }
  const Handle<X509_STORE_CTX, X509_STORE_CTX_free> context(made(X509_STORE_CTX_new()));
  must(X509_STORE_CTX_init(context.get(), store.get(), message.signer, message.certificates.get()) == 1);
  // What the user put into the file is trusted, be it a root or not.
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_PARTIAL_CHAIN);
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(at));
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()), least_security_level);
  if (kind == Kind::time_stamp) {
    must(X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_TIMESTAMP_SIGN) == 1);
  } else if ((X509_get_key_usage(message.signer) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0) {
    throw DataError("the certificate of " + text_of(X509_get_subject_name(message.signer)) + " is not for signatures");
  }
  const bool is_trusted = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (is_trusted) return;
  const X509* const culprit = X509_STORE_CTX_get_current_cert(context.get());
  throw DataError("the certificate of " +
                  text_of(X509_get_subject_name(culprit != nullptr ? culprit : message.signer)) +
                  " is not trusted at " + format_instant(at) + ": " +
                  X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

std::optional<Instant> signing_time(const SignedMessage& message) {
  const ASN1_TYPE* const value = signed_attribute(message.info, NID_pkcs9_signingTime);
  if (value == nullptr) return std::nullopt;
  if (value->type != V_ASN1_UTCTIME && value->type != V_ASN1_GENERALIZEDTIME) throw DataError("a time in it is none");
  return instant_of(value->value.asn1_string);
}

// ---- time stamps -------------------------------------------------------------------------------------------------

std::vector<unsigned char> digest_of(std::string_view content, const EVP_MD* kind) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  must(EVP_Digest(content.data(), content.size(), digest.data(), &length, kind, nullptr) == 1);
  return {digest.begin(), digest.begin() + length};
}

/// A granted reply, whose signature fits.
struct GrantedStamp {
  SignedMessage message;
  Stamp stamp;
};

std::string refusal(TS_STATUS_INFO* status) {
  static constexpr std::array<std::pair<int, const char*>, 8> failures{
      {{TS_INFO_BAD_ALG, "the algorithm is not supported"},
       {TS_INFO_BAD_REQUEST, "the request is not supported"},
       {TS_INFO_BAD_DATA_FORMAT, "the request has a wrong format"},
       {TS_INFO_TIME_NOT_AVAILABLE, "the time is not available"},
       {TS_INFO_UNACCEPTED_POLICY, "the policy is not supported"},
       {TS_INFO_UNACCEPTED_EXTENSION, "the extension is not supported"},
       {TS_INFO_ADD_INFO_NOT_AVAILABLE, "the additional information is not available"},
       {TS_INFO_SYSTEM_FAILURE, "system failure"}}};
  std::string text = "the authority refused";
  const STACK_OF(ASN1_UTF8STRING)* const words = TS_STATUS_INFO_get0_text(status);
  for (int i = 0; i < sk_ASN1_UTF8STRING_num(words) && text.size() < longest_text; ++i) {
    text += ": " + text_of(sk_ASN1_UTF8STRING_value(words, i));
  }
  const ASN1_BIT_STRING* const bits = TS_STATUS_INFO_get0_failure_info(status);
  for (const auto& [bit, meaning] : failures) {
    if (bits != nullptr && ASN1_BIT_STRING_get_bit(bits, bit) != 0) text += std::string(": ") + meaning;
  }
  return text;
}

GrantedStamp granted_stamp(std::string_view der) {
  const auto reply = decoded<Reply>(der, "a reply of a time stamping authority", d2i_TS_RESP);
  TS_STATUS_INFO* const status = TS_RESP_get_status_info(reply.get());
  const long code = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status));
  if (code != TS_STATUS_GRANTED && code != TS_STATUS_GRANTED_WITH_MODS) throw DataError(refusal(status));
  const PKCS7* const token = TS_RESP_get_token(reply.get());
  if (token == nullptr) throw DataError("granted, but there is no time stamp");
  // A token is a CMS message; that OpenSSL reads it as the older PKCS #7 does not change its bytes.
  auto cms = decoded<Cms>(der_of(token, i2d_PKCS7), "a time stamp", d2i_CMS_ContentInfo);
  GrantedStamp granted;
  granted.message = check_signature(std::move(cms), nullptr, Kind::time_stamp);
  ASN1_OCTET_STRING** const content = CMS_get0_content(granted.message.cms.get());
  granted.stamp = decoded<Stamp>({reinterpret_cast<const char*>(ASN1_STRING_get0_data(*content)),
                                  static_cast<std::size_t>(ASN1_STRING_length(*content))},
                                 "a time stamp", d2i_TS_TST_INFO);
  if (TS_TST_INFO_get_version(granted.stamp.get()) != 1) throw DataError("a time stamp of an unknown version");
  return granted;
}

bool same_bytes(const ASN1_STRING* text, const std::vector<unsigned char>& bytes) {
  return static_cast<std::size_t>(ASN1_STRING_length(text)) == bytes.size() &&
         std::equal(bytes.begin(), bytes.end(), ASN1_STRING_get0_data(text));
}

bool is_of(const TS_TST_INFO* stamp, std::string_view content) {
  TS_MSG_IMPRINT* const imprint = TS_TST_INFO_get_msg_imprint(const_cast<TS_TST_INFO*>(stamp));
  const EVP_MD* const kind = EVP_get_digestbyobj(TS_MSG_IMPRINT_get_algo(imprint)->algorithm);
  if (kind == nullptr || EVP_MD_get_size(kind) < weakest_digest_bytes) {
    throw DataError("a time stamp of a digest that is weaker than SHA-256, or not known");
  }
  return same_bytes(TS_MSG_IMPRINT_get_msg(imprint), digest_of(content, kind));
}

/// Algorithms that have no parameters: what stands in their place is signed by nobody and read by nobody.
bool has_no_parameters(int algorithm) {
  return algorithm == NID_rsaEncryption || algorithm == NID_sha256 || algorithm == NID_sha384 ||
         algorithm == NID_sha512;
}

/// One element of DER: its tag, and where its content begins and ends.
struct Element {
  const unsigned char* begin = nullptr;
  const unsigned char* end = nullptr;
  int tag = 0;
  bool is_universal = false;
  bool is_constructed = false;
};

Element element_at(const unsigned char*& place, const unsigned char* end) {
  Element element;
  long length = 0;
  int klass = 0;
  const int header = ASN1_get_object(&place, &length, &element.tag, &klass, end - place);
  if ((header & 0x80) != 0 || (header & 1) != 0 || length < 0 || length > end - place) {
    throw DataError("is no DER");
  }
  element.begin = place;
  element.end = place + length;
  element.is_universal = klass == V_ASN1_UNIVERSAL;
  element.is_constructed = (header & V_ASN1_CONSTRUCTED) != 0;
  place = element.end;
  return element;
}

/// Throws DataError where an algorithm without parameters has some: OpenSSL passes over them, so that a byte of theirs
/// might be changed and nobody notice.
void check_parameters(const unsigned char* place, const unsigned char* end, int depth = 0) {
  constexpr int deepest = 64;
  if (depth > deepest) throw DataError("is nested too deep");
  bool is_bare = false;  // the element before names such an algorithm, and is the first
  for (bool is_first = true; place < end; is_first = false) {
    const unsigned char* const start = place;
    const Element element = element_at(place, end);
    if (is_bare) {
      const bool is_null =
          element.is_universal && element.tag == V_ASN1_NULL && !element.is_constructed && element.begin == element.end;
      if (!is_null) throw DataError("was altered: an algorithm has parameters that it cannot have");
    }
    is_bare = false;
    if (is_first && element.is_universal && element.tag == V_ASN1_OBJECT) {
      const unsigned char* from = start;
      const Handle<ASN1_OBJECT, ASN1_OBJECT_free> object(d2i_ASN1_OBJECT(nullptr, &from, place - start));
      is_bare = object && has_no_parameters(OBJ_obj2nid(object.get()));
    }
    if (element.is_constructed) check_parameters(element.begin, element.end, depth + 1);
  }
}

}  // namespace

std::string sign_cms(std::string_view content, const std::string& certificate_pem_path,
                     const std::string& key_pem_path) {
  const std::vector<Certificate> certificates = read_certificates(certificate_pem_path);
  X509* const signer = certificates.front().get();
  check_may_sign(signer, certificate_pem_path);
  const Key key = read_key(key_pem_path);
  ERR_clear_error();
  if (X509_check_private_key(signer, key.get()) != 1) {
    ERR_clear_error();
    throw ConfigError(key_pem_path + ": not the key of the certificate " + certificate_pem_path);
  }
  const CertificateList chain(made(sk_X509_new_null()));
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    must(sk_X509_push(chain.get(), certificates[i].get()) > 0);
  }
  constexpr unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
  const Bio bytes = reader_of(content);
  const Cms cms(made(CMS_sign(nullptr, nullptr, chain.get(), bytes.get(), flags)));
  // CMS_CADES: the certificate's hash is signed, too.
  const bool done = CMS_add1_signer(cms.get(), signer, key.get(), EVP_sha256(), flags | CMS_CADES) != nullptr &&
                    CMS_final(cms.get(), bytes.get(), nullptr, flags) == 1;
  if (!done) throw ConfigError(key_pem_path + ": cannot sign with this key: " + openssl_reason());
  return der_of(cms.get(), i2d_CMS_ContentInfo);
}

SignatureFinding verify_cms(std::string_view content, std::string_view der, const std::string& trusted_pem_path,
                            std::optional<Instant> at) {
  const Bio bytes = reader_of(content);
  const SignedMessage message =
      check_signature(decoded<Cms>(der, "a signature", d2i_CMS_ContentInfo), bytes.get(), Kind::text);
  const auto* const begin = reinterpret_cast<const unsigned char*>(der.data());
  check_parameters(begin, begin + der.size());
  SignatureFinding finding;
  finding.signer = text_of(X509_get_subject_name(message.signer));
  finding.issuer = text_of(X509_get_issuer_name(message.signer));
  finding.serial = hexadecimal(X509_get0_serialNumber(message.signer));
  finding.not_before = instant_of(X509_get0_notBefore(message.signer));
  finding.not_after = instant_of(X509_get0_notAfter(message.signer));
  finding.signed_at = signing_time(message);
  if (!trusted_pem_path.empty()) {
    check_trusted(message, trusted_pem_path, at.value_or(clock_now()), Kind::text);
    finding.is_trusted = true;
  }
  return finding;
}

std::string time_stamp_query(std::string_view content) {
  const Handle<X509_ALGOR, X509_ALGOR_free> algorithm(made(X509_ALGOR_new()));
  must(X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) == 1);
  std::vector<unsigned char> digest = digest_of(content, EVP_sha256());
  const Handle<TS_MSG_IMPRINT, TS_MSG_IMPRINT_free> imprint(made(TS_MSG_IMPRINT_new()));
  must(TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1 &&
       TS_MSG_IMPRINT_set_msg(imprint.get(), digest.data(), static_cast<int>(digest.size())) == 1);
  std::array<unsigned char, 8> random{};
  must(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  const Handle<BIGNUM, BN_free> number(made(BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr)));
  const Handle<ASN1_INTEGER, ASN1_INTEGER_free> nonce(made(BN_to_ASN1_INTEGER(number.get(), nullptr)));
  const Request request(made(TS_REQ_new()));
  must(TS_REQ_set_version(request.get(), 1) == 1 && TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1 &&
       TS_REQ_set_nonce(request.get(), nonce.get()) == 1 && TS_REQ_set_cert_req(request.get(), 1) == 1);
  return der_of(request.get(), i2d_TS_REQ);
}

std::string check_time_stamp_reply(std::string_view query, std::string_view reply) {
  const auto request = decoded<Request>(query, "a request for a time stamp", d2i_TS_REQ);
  const GrantedStamp granted = granted_stamp(reply);
  TS_MSG_IMPRINT* const asked = TS_REQ_get_msg_imprint(request.get());
  TS_MSG_IMPRINT* const stamped = TS_TST_INFO_get_msg_imprint(granted.stamp.get());
  if (OBJ_cmp(TS_MSG_IMPRINT_get_algo(asked)->algorithm, TS_MSG_IMPRINT_get_algo(stamped)->algorithm) != 0 ||
      ASN1_OCTET_STRING_cmp(TS_MSG_IMPRINT_get_msg(asked), TS_MSG_IMPRINT_get_msg(stamped)) != 0) {
    throw DataError("a time stamp of another content than was asked for");
  }
  const ASN1_INTEGER* const nonce = TS_REQ_get_nonce(request.get());
  const ASN1_INTEGER* const answered = TS_TST_INFO_get_nonce(granted.stamp.get());
  if (nonce != nullptr && (answered == nullptr || ASN1_INTEGER_cmp(nonce, answered) != 0)) {
    throw DataError("a time stamp for another request");
  }
  instant_of(TS_TST_INFO_get_time(granted.stamp.get()));
  return std::string(reply);
}

TimeStampFinding verify_time_stamp(std::string_view content, std::string_view reply,
                                   const std::string& trusted_pem_path) {
  const GrantedStamp granted = granted_stamp(reply);
  if (!is_of(granted.stamp.get(), content)) throw DataError("a time stamp of another content");
  TimeStampFinding finding;
  finding.time = instant_of(TS_TST_INFO_get_time(granted.stamp.get()));
  finding.authority = text_of(X509_get_subject_name(granted.message.signer));
  finding.serial = hexadecimal(TS_TST_INFO_get_serial(granted.stamp.get()));
  if (!trusted_pem_path.empty()) {
    check_trusted(granted.message, trusted_pem_path, finding.time, Kind::time_stamp);
    finding.is_trusted = true;
  }
  return finding;
}

std::string request_time_stamp(const std::string& url, std::string_view content, HttpClient& client) {
  HttpBody query;
  query.content = time_stamp_query(content);
  query.type = "application/timestamp-query";
  query.accept = "application/timestamp-reply";
  query.most_answer_bytes = static_cast<std::int64_t>(most_bytes);
  const HttpAnswer answer = client.post(url, query);
  if (answer.status != 200) throw DataError(status_text(url, answer.status));
  try {
    return check_time_stamp_reply(query.content, answer.body);
  } catch (const DataError& error) {
    throw DataError(redacted(url) + ": " + error.what());
  }
}

}  // namespace pitwatch
