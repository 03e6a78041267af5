// SHA-256, on OpenSSL (which libssh brings along).
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace gauntlet {

/// Of a stream, piece by piece. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view piece);
  /// 64 lower-case hex digits; call it once, last.
  std::string finish();

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string sha256(std::string_view text);

}  // namespace gauntlet
