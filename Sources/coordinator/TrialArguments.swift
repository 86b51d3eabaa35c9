import ArgumentParser

/// How trials are named on command lines.
enum TrialArguments {
  static let help = ArgumentHelp(
    "The beginning of a trial's name, or values that only it has: latents=10,tolerance=3.",
    valueName: "trial")

  static let severalHelp = ArgumentHelp(
    "The beginning of a trial's name, or values of the trials that are meant: stage=narrowed.",
    valueName: "trial")
}
