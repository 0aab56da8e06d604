module.exports = require('./packages/tooling/jest.cjs');
