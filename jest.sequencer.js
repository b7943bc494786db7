const { default: Sequencer } = require('@jest/test-sequencer');

/** What keeps the processors busy: browsers, ten thousand messages, compilers. */
const BUSY = /(apps\/console|libs\/client|libs\/backend-client)\/test\//;

/** The busy ones last, beside nothing whose deadlines are those of production. */
module.exports = class extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isBusy = ({ path }) => BUSY.test(path.replaceAll('\\', '/'));
    return [...sorted.filter((test) => !isBusy(test)), ...sorted.filter(isBusy)];
  }
};
