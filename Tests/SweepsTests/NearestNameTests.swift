import Testing
import Trials

@testable import Sweeps

@Suite("The nearest name")
struct NearestNameTests {
  @Test(
    "insertions, deletions, replacements and swaps count one each",
    arguments: [
      ("", "", 0), ("abc", "abc", 0), ("abc", "ABC", 0), ("abc", "ab", 1), ("abc", "axc", 1),
      ("abc", "abcd", 1), ("abc", "acb", 1), ("", "abc", 3), ("kitten", "sitting", 3),
    ])
  func distance(left: String, right: String, expected: Int) {
    #expect(NearestName.distance(left, right) == expected)
    #expect(NearestName.distance(right, left) == expected)
  }

  @Test("only near names are suggested, the first of equally near ones")
  func suggestion() {
    let known = ["mse", "tolerance", "latents"]
    #expect(NearestName.suggestion(for: "tolernace", among: known) == "\"tolerance\"")
    #expect(NearestName.suggestion(for: "mes", among: known) == "\"mse\"")
    #expect(NearestName.suggestion(for: "xyz", among: known) == nil)
    #expect(NearestName.suggestion(for: "", among: known) == nil)
    #expect(NearestName.suggestion(for: "stage1", among: ["stage2", "stage3"]) == "\"stage2\"")
    #expect(NearestName.suggestion(for: "mse", among: []) == nil)
  }

  @Test("the reference for people lists every setting with its default")
  func reference() {
    let text = SettingsReference.text
    for setting in TrainerSetting.all {
      let line = text.split(separator: "\n").first { $0.hasPrefix("  \(setting.key) ") }
      #expect(line?.contains(setting.text(in: TrainerSettings())) == true, "\(setting.key)")
      #expect(line?.hasSuffix(setting.summary) == true, "\(setting.key)")
    }
    for key in [
      "sweep", "question", "outputs", "seed", "replicates", "stages", "axes", "zip", "dataset",
      "latents", "channels", "tolerance", "budget",
    ] {
      #expect(text.contains("\n  \(key) "), "\(key)")
    }
  }
}
