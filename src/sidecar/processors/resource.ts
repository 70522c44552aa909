import * as z from 'zod'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import { childrenOf, ROLE_GROUP, ROLE_RESOURCE } from '../../otlp/roles.ts'
import { defineProcessor } from '../component.ts'
import { actionsConfig, hashFunctionConfig } from './attributes/action-config.ts'
import { actionPlan } from './attributes/action-plan.ts'
import { WorkingAttributes } from './attributes/working-attributes.ts'

const config = z.strictObject({
  attributes: actionsConfig.describe('What is done to the attributes of resources, one action after the other.'),
  hash_function: hashFunctionConfig,
})

/**
 * Changes the attributes of resources.
 *
 *     processors:
 *       resource:
 *         attributes:
 *           - { key: deployment.environment.name, value: production, action: upsert }
 *           - { key: host.name, action: hash }
 */
export const resource = defineProcessor({
  type: 'resource',
  summary: 'Inserts, updates, deletes, hashes, extracts and converts attributes of resources.',
  signals: ['traces', 'metrics', 'logs'],
  config,
  create({ attributes: actions, hash_function }) {
    const plan = actionPlan({ actions, hash_function })
    return {
      process(view, edits) {
        const attributes = new WorkingAttributes(plan, view)
        for (const group of childrenOf(view, 0, ROLE_GROUP)) {
          const resources = [...childrenOf(view, group, ROLE_RESOURCE)]
          attributes.read(resources)
          plan.run(attributes)
          const added = attributes.write(edits, resources.at(-1) ?? -1)
          // There was no resource.
          if (added !== undefined) edits.append(group, new ProtobufWriter().bytes(1, added).finish())
        }
      },
    }
  },
})
