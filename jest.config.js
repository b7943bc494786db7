/** One run for everything: `npm test`, or `npm test -- libs/domain` for a part. */
module.exports = {
  ...require('./jest.preset.js'),
  rootDir: __dirname,
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test'],
  testTimeout: 30_000,
  testSequencer: '<rootDir>/jest.sequencer.js',
  // Most specs wait for servers and for time rather than for this machine's cores.
  maxWorkers: 3,
};
