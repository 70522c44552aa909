import type { OtlpView } from '../otlp/view.ts'
import type { Connector } from './component.ts'

/** What pipelines feed: a reload puts another connector in its place, and batches that are under way go to that one. */
export class ConnectorSlot {
  #connector: Connector

  constructor(connector: Connector) {
    this.#connector = connector
  }

  consume(view: OtlpView): void {
    this.#connector.consume(view)
  }

  replace(connector: Connector): void {
    this.#connector = connector
  }
}
