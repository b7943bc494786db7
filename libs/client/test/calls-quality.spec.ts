import { mosOf, QualityMeter } from '../src/calls/quality';

const heard = (packetsReceived: number, packetsLost: number, jitter = 0.005) => ({
  ...{ type: 'inbound-rtp', kind: 'audio', packetsReceived, packetsLost, jitter },
});
const pair = (currentRoundTripTime: number) => ({
  ...{ type: 'candidate-pair', nominated: true, currentRoundTripTime },
});

describe('the quality of a call', () => {
  it('is measured since the last time, and all in all', () => {
    const meter = new QualityMeter();
    expect(
      meter.add([heard(250, 0), pair(0.04), { type: 'candidate-pair', currentRoundTripTime: 9 }]),
    ).toEqual({
      ...{ mos: 4.4, rttMs: 40, jitterMs: 5, packetLossPct: 0 },
    });
    expect(meter.add([heard(450, 50), pair(0.08)])).toMatchObject({ rttMs: 80, packetLossPct: 20 });
    expect(meter.overall).toMatchObject({ rttMs: 60, jitterMs: 5, packetLossPct: 10 });
  });

  it('says nothing before anything came', () => {
    expect(new QualityMeter().add([pair(0.04)])).toEqual({});
    expect(new QualityMeter().overall).toEqual({});
  });

  it('is within what the server takes, however bad the line is', () => {
    const meter = new QualityMeter();
    expect(meter.add([heard(0, 50), pair(60)])).toMatchObject({ mos: 1, packetLossPct: 100 });
    expect(meter.add([heard(100, 40)])).toMatchObject({ packetLossPct: 0 });
  });

  // Delays and losses that make R 90, 80, 70 and 60; what opinion that is stands in Annex B of G.107.
  it.each([
    [175, 0, 4.34],
    [251.5, 0, 4.03],
    [326.1, 0, 3.6],
    [400.8, 0, 3.1],
    [0, 0.0404, 4.03],
  ])('has the opinion of %f ms and a loss of %f that the standard has', (delayMs, loss, mos) => {
    expect(mosOf(delayMs, loss)).toBeCloseTo(mos, 1);
  });
});
