#pragma once
// Who vouches for a text, and since when it has been there: detached signatures (CMS, RFC 5652) and time stamps
// (RFC 3161), as `openssl cms` and `openssl ts` make and check them.
//
// What comes from outside, signatures and replies, is at most a mebibyte of DER without a byte behind it. Certificates
// and keys are PEM files of at most a mebibyte. No function here ever prompts for a passphrase. All are thread-safe.

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/core/date.hpp"

namespace pitwatch {

class HttpClient;

/// Who signed a text.
struct SignatureFinding {
  std::string signer;  // subject of the certificate, RFC 2253, one line: "CN=Night watch,O=Example,C=AZ"
  std::string issuer;  // of the certificate, likewise
  std::string serial;  // of the certificate, hexadecimal
  Instant not_before{};
  Instant not_after{};
  std::optional<Instant> signed_at;  // as the signer says
  bool is_trusted = false;           // whether the certificate was checked against trusted ones
};

/// When an authority saw a text.
struct TimeStampFinding {
  Instant time{};
  std::string authority;    // subject of its certificate, as SignatureFinding::signer
  std::string serial;       // of the stamp, hexadecimal
  bool is_trusted = false;  // whether the authority's certificate was checked against trusted ones
};

/// A detached CMS signature (DER, SHA-256) of the bytes of `content`, with the signer's certificate, bound to it by
/// its hash (RFC 5035), those that follow in the file as its chain, and the time of this machine. A key that is
/// encrypted is read with the passphrase in the environment variable PITWATCH_SIGN_PASSPHRASE.
///
/// Throws ConfigError that starts with the file: one that cannot be read or is not PEM, a certificate that is not valid
/// at this time or not for signatures, a key of another certificate, an encrypted key without passphrase or with a
/// wrong one. Nothing of a key or passphrase is ever in a message.
std::string sign_cms(std::string_view content, const std::string& certificate_pem_path,
                     const std::string& key_pem_path);

/// Checks a detached CMS signature of `content`: one signer, SHA-256 or stronger. The signer's certificate must lead to
/// one of the file of trusted certificates, whether a root, an intermediate or the signer's own, and have been valid
/// `at` that time (none: now). Of revocation nothing is known here. Without a file (empty path) the signature is
/// checked but not whose it is, and the finding says so.
///
/// Throws DataError with the reason where it does not fit: altered content, unknown issuer, expired, not a signature;
/// ConfigError, starting with the path, for a file of trusted certificates that cannot be read or has none.
SignatureFinding verify_cms(std::string_view content, std::string_view der, const std::string& trusted_pem_path,
                            std::optional<Instant> at = std::nullopt);

/// A request for a time stamp of the SHA-256 of `content` (DER TimeStampReq): with a nonce, another one each time, and
/// for the authority's certificate.
std::string time_stamp_query(std::string_view content);

/// The reply of an authority (DER TimeStampResp), to be kept as it is, where it answers the query: granted, of the same
/// hash and nonce, signed. Whether the authority is trusted is for verify_time_stamp(). Throws DataError otherwise,
/// with the authority's own words where it refused.
std::string check_time_stamp_reply(std::string_view query, std::string_view reply);

/// Checks that an authority's reply is a time stamp of `content`. Its certificate must be for time stamps alone, lead
/// to a trusted one as of verify_cms(), and have been valid at the time of the stamp: stamps outlive certificates. Who
/// has the key of an expired certificate could therefore make stamps of earlier times. Throws as verify_cms() does.
TimeStampFinding verify_time_stamp(std::string_view content, std::string_view reply,
                                   const std::string& trusted_pem_path);

/// Asks the authority at a URL (RFC 3161, 3.4) for a time stamp of `content`; gives its reply, checked as by
/// check_time_stamp_reply(). Throws DataError that names the URL.
std::string request_time_stamp(const std::string& url, std::string_view content, HttpClient& client);

}  // namespace pitwatch
