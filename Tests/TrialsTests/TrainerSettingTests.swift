import Testing

@testable import Trials

@Suite("Declared settings")
struct TrainerSettingTests {
  @Test("every setting has a key of its own and accepts its default")
  func declared() {
    #expect(Set(TrainerSetting.all.map(\.key)).count == TrainerSetting.all.count)
    for setting in TrainerSetting.all {
      var settings = TrainerSettings()
      #expect(setting.set(setting.text(in: settings), in: &settings), "\(setting.key)")
      #expect(settings == TrainerSettings(), "\(setting.key)")
    }
  }

  @Test("every property of the settings is declared")
  func complete() {
    #expect(Mirror(reflecting: TrainerSettings()).children.count == TrainerSetting.all.count)
  }

  @Test("a refused value changes nothing")
  func refused() throws {
    let setting = try #require(TrainerSetting.all.first { $0.key == "batch_size" })
    var settings = TrainerSettings()
    for text in ["0", "4097", "1.5", "many", ""] {
      #expect(!setting.set(text, in: &settings))
    }
    #expect(settings == TrainerSettings())
    #expect(setting.set("128", in: &settings))
    #expect(settings.batchSize == 128)
  }

  @Test(
    "intervals are open or closed at each end, and finite",
    arguments: [
      (RealInterval.from(0, to: 1), [0.0, 0.5, 1], [-0.1, 1.1], "≥ 0 and ≤ 1"),
      (.from(0, below: 1), [0.0, 0.999], [1], "≥ 0 and < 1"),
      (.above(0, to: 1e6), [1e-300, 1e6], [0, -1], "> 0 and ≤ 1000000"),
      (.from(-0.5, to: 0.5), [0.0], [0.6], "≥ -0.5 and ≤ 0.5"),
    ])
  func intervals(interval: RealInterval, inside: [Double], outside: [Double], text: String) {
    for value in inside { #expect(interval.contains(value)) }
    for value in outside + [.nan, .infinity, -.infinity] { #expect(!interval.contains(value)) }
    #expect(interval.description == text)
  }
}
