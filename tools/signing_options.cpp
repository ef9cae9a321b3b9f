#include "tools/signing_options.hpp"

#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/record/signature.hpp"

namespace pitwatch::tools {
namespace po = boost::program_options;

void add_signing_options(po::options_description& description) {
  description.add_options()  //
      ("sign-certificate", po::value<std::string>()->value_name("FILE"),
       "sign the manifest, or of evidence the bundle (CMS), with this certificate, PEM; further ones in the file go "
       "with "
       "the signature")  //
      ("sign-key", po::value<std::string>()->value_name("FILE"),
       "its private key, PEM; the passphrase of an encrypted one is in the environment's PITWATCH_SIGN_PASSPHRASE")  //
      ("time-stamps", po::value<std::string>()->value_name("URL"), "have it time-stamped by this authority (RFC 3161)");
}

SigningOptions read_signing_options(const po::variables_map& values) {
  const auto text = [&](const char* option) {
    return values.count(option) != 0 ? values[option].as<std::string>() : std::string();
  };
  const SigningOptions options{text("sign-certificate"), text("sign-key"), text("time-stamps")};
  if (options.certificate.empty() != options.key.empty()) {
    throw ConfigError("--sign-certificate and --sign-key go together");
  }
  return options;
}

void try_signature(const SigningOptions& options) {
  if (!options.certificate.empty()) static_cast<void>(sign_cms("", options.certificate, options.key));
}

}  // namespace pitwatch::tools
