/** The types of three.js: those of the package @types/three, for `make check`. */
export {
  BufferAttribute,
  BufferGeometry,
  CanvasTexture,
  ColorManagement,
  DoubleSide,
  DynamicDrawUsage,
  LinearFilter,
  LinearSRGBColorSpace,
  LineSegments,
  Matrix4,
  Mesh,
  PerspectiveCamera,
  Points,
  Scene,
  ShaderMaterial,
  Spherical,
  Vector3,
  WebGLRenderer,
} from "three";
export { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
