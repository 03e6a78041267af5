// Expected failures as values: what went wrong, where, and what the user can do about it.
//
// A Result<T> is either a T or an Error. Code that can fail for a reason outside this program (a
// node, a file, a user's flag) returns one; a bug of ours is an assertion (base/assert.hpp).
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>

namespace gauntlet {

/// The process's exit codes; one meaning each, for scripts and CI.
enum class ExitCode : int {
  valid = 0,
  anomaly = 1,
  unknown = 2,
  setup = 3,  ///< the test could not be set up
  interrupted = 130,
  usage = 254,
  internal = 255,  ///< our own fault
};

enum class ErrorKind {
  usage,      ///< the user asked for something that does not exist or does not fit
  input,      ///< a file or message is malformed; `what` starts with file:line:column
  transport,  ///< a connection failed before or while a request was under way; may be retried
  timeout,    ///< a deadline passed; what was under way may or may not have happened
  remote,     ///< a node answered, and the answer is a failure
  resource,   ///< this machine lacks something: disk, memory, a capability, a program
  conflict,   ///< somebody else holds what is needed (another run on the same nodes or store)
  interrupted,
  internal,
};

/// One line that says what and where, one that says what to do. Neither ends with a full stop or
/// holds a newline; both may quote untrusted text, which is escaped when it is shown.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string what;
  std::string remedy = {};

  /// "what; remedy" on one line.
  std::string to_string() const { return remedy.empty() ? what : what + "; " + remedy; }
};

[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
  throw std::runtime_error(error.to_string());
}

template <class T>
using Result = boost::system::result<T, Error>;

/// `Error` from its parts, for `return failure(ErrorKind::usage, "...", "...")`.
inline Error failure(ErrorKind kind, std::string what, std::string remedy = {}) {
  return Error{kind, std::move(what), std::move(remedy)};
}

/// The exit code of a command that ends with this error before a verdict exists.
inline ExitCode exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::usage:
    case ErrorKind::input:
      return ExitCode::usage;
    case ErrorKind::interrupted:
      return ExitCode::interrupted;
    case ErrorKind::internal:
      return ExitCode::internal;
    default:
      return ExitCode::setup;
  }
}

}  // namespace gauntlet
