/** Nodes that rules write are named after the node whose gradient they belong to: whoever refuses one can say which it was. */
import { type Node, nodeLabel } from '../model/graph.ts';

const start = 'gradient of ';
const end = ' / ';

/** For `GraphBuilder.within`. */
export const gradientOf = (node: Node): string => `${start}${node.op} ${nodeLabel(node)}`;

export interface Origin {
  readonly op: string;
  readonly node: string;
}

/** The node and operator that a node is there for: itself, or the one whose gradient it is a part of. */
export function originOf(node: Node): Origin {
  const name = node.name.slice(0, Math.max(0, node.name.lastIndexOf(end)));
  const [, op, label] = name.startsWith(start) ? (/^(\S+) (.+)$/s.exec(name.slice(start.length)) ?? []) : [];
  return op && label ? { op, node: label } : { op: node.op, node: nodeLabel(node) };
}
