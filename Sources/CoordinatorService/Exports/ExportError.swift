import Files
import Foundation
import Trials

/// Why nothing was exported, and what to do.
enum ExportError: Error, CustomStringConvertible {
  /// The folder contains files that are not of the export.
  case foreignFiles(URL, found: String)
  /// The trial has no result.
  case withoutResult(TrialID, TrialStatus, folder: String)
  /// A trial is needed.
  case trialExpected(format: String)
  /// No trial may be named.
  case noTrialExpected(format: String)

  var description: String {
    switch self {
    case .foreignFiles(let url, let found):
      "\(url.path): found \(found), expected a new or an empty folder, or that of an earlier export; "
        + "name another one with --out"
    case .withoutResult(let trial, let status, let folder):
      "trial \(trial): found a trial that is \(status.rawValue), expected a complete one: a trial "
        + "delivers its trained parameters at its end; "
        + "`coordinator explain \(ShellWord.path(folder)) \(trial)` says what it waits for"
    case .trialExpected(let format):
      "--to \(format): found no trial, expected one: the network of one trial is exported"
    case .noTrialExpected(let format):
      "--to \(format): found a trial, expected none: the whole sweep is exported"
    }
  }
}
